"""Shows the receiver at work: starts it, pushes two example apps with the real git, and proves their slugs.

Run by ``make demo``. On a terminal the receiver stays up until Ctrl-C, for an app of one's own.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.local.slugrun import SlugRun, run_slug
from gitreceive.model.process import ProcessType
from gitreceive.stack import load_stack

ROOT = Path(__file__).parent.parent
PLACE = ROOT / 'build' / 'demo'
HOME = PLACE / 'home'
KEY = PLACE / 'id_ed25519'
GITRECEIVE = [sys.executable, '-m', 'gitreceive.cli.main']
APPS = {'hello-node': 'node-hello', 'hello-python': 'python-hello'}
START_SECONDS = 15.0
PORT = 2222


def main() -> None:
    """The whole demonstration. Leaves with the exit status of the first thing that fails."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    port = free_port()
    with receiver(port):
        say('A key for you, registered as "demo"')
        run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'demo', '-f', str(KEY))
        run(*GITRECEIVE, 'keys', 'add', 'demo', f'{KEY}.pub', '--home', str(HOME))
        for app, example in APPS.items():
            push(app, example, port)
            prove(app)
        how_to_go_on(port)
        if sys.stdout.isatty():
            wait_for_interrupt()
        else:
            print('\n       The receiver ends now; on a terminal, "make demo" keeps it up until Ctrl-C.')


@contextlib.contextmanager
def receiver(port: int) -> Iterator[None]:
    """The receiver, as long as the context lasts."""
    say(f'Starting the receiver on 127.0.0.1:{port} (its log: {PLACE.relative_to(ROOT)}/receiver.log)')
    log = (PLACE / 'receiver.log').open('wb')
    command = [*GITRECEIVE, 'serve', '--home', str(HOME), '--listen', f'127.0.0.1:{port}']
    with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def push(app: str, example: str, port: int) -> None:
    """Makes a repository of an example and pushes it."""
    folder = PLACE / app
    shutil.copytree(ROOT / 'examples' / example, folder)
    for words in (
        ('init', '--quiet', '--initial-branch=master'),
        ('add', '--all'),
        (
            '-c',
            'user.name=Demo',
            '-c',
            'user.email=demo@localhost',
            'commit',
            '--quiet',
            '-m',
            f'{example}, as it comes',
        ),
        ('remote', 'add', 'deploy', f'ssh://git@127.0.0.1:{port}/{app}.git'),
    ):
        run('git', *words, cwd=folder)
    say(f'examples/{example}: git push deploy master')
    run('git', 'push', 'deploy', 'master', cwd=folder)


def prove(app: str) -> None:
    """Shows the slug, and runs it on a clean run image."""
    shown = subprocess.run(
        [*GITRECEIVE, 'releases', app, '--json', '--home', str(HOME)], check=True, capture_output=True
    )
    release = json.loads(shown.stdout)[0]
    slug = Path(release['url'].removeprefix('file://'))
    with slug.open('rb') as file:
        checksum = hashlib.file_digest(file, 'sha256').hexdigest()
    say(f'The slug of {app} {release["release"]}')
    print(f'       {slug.relative_to(ROOT)}\n       {slug.stat().st_size:,} bytes, sha256 {checksum}')
    if checksum != release['sha256']:
        sys.exit(f' !     the release says sha256 {release["sha256"]}')
    stack = load_stack('cedar-12')
    web = ProcessType(name='web', command=release['processes']['web'])
    runner = DockerSlugRunner(Engine(os.environ.get('DOCKER_HOST', '')))
    with run_slug(runner, SlugRun(stack=stack, slug=slug, process=web, env={})) as url:
        page = run('curl', '--silent', '--show-error', '--fail', url, quiet=True).strip()
    say(f'The slug on a clean {stack.run_image}: GET {url}')
    print(f'       {page[:200]}')


def how_to_go_on(port: int) -> None:
    """What to type for an app of one's own."""
    say('Your own app')
    print(f"""       cd YOUR-APP
       git remote add deploy ssh://git@127.0.0.1:{port}/YOUR-APP.git
       git config core.sshCommand "{ssh()}"
       git push deploy HEAD:refs/heads/master

       ssh -p {port} -i {KEY} git@127.0.0.1 help""")


def wait_for_interrupt() -> None:
    """Returns at Ctrl-C."""
    print('\n       The receiver stays up until you press Ctrl-C.', flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def run(*command: str, cwd: Path = ROOT, quiet: bool = False) -> str:
    """Runs a command and shows what it says; ends the demonstration if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, 'GIT_SSH_COMMAND': ssh()},
        stdout=subprocess.PIPE if quiet else None,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(
            f' !     {" ".join(command[:3])} failed (exit {done.returncode}); see {PLACE.relative_to(ROOT)}/receiver.log'
        )
    return done.stdout or ''


def ssh() -> str:
    """The ssh client with the demonstration's key, and without touching the user's known hosts."""
    known = PLACE / 'known_hosts'
    return f'ssh -i {KEY} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={known}'


def free_port() -> int:
    """2222 if nobody listens there, else any."""
    for port in (PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(('127.0.0.1', port))
            return int(probe.getsockname()[1])
    sys.exit(' !     no free port on 127.0.0.1')


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the receiver takes connections."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
            return
        time.sleep(0.05)
    sys.exit(
        f' !     the receiver did not start: {(PLACE / "receiver.log").read_text(errors="replace")[-2000:]}'
    )


def say(text: str) -> None:
    """Prints a heading."""
    print(f'\n=====> {text}', flush=True)


if __name__ == '__main__':
    main()
