"""Shows the receiver at work: starts it, pushes two example apps with the real git, and asks them through its router.

Run by ``make demo``. On a terminal the receiver stays up until Ctrl-C, for an app of one's own.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACE = ROOT / 'build' / 'demo'
HOME = PLACE / 'home'
KEY = PLACE / 'id_ed25519'
KNOWN = f'UserKnownHostsFile={PLACE / "known_hosts"}'
SSH = (
    'ssh',
    '-i',
    str(KEY),
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    'StrictHostKeyChecking=accept-new',
    '-o',
    KNOWN,
)
GITRECEIVE = [sys.executable, '-m', 'gitreceive.cli.main']
APPS = {'hello-node': 'node-hello', 'hello-python': 'python-hello'}
WHO = ('-c', 'user.name=Demo', '-c', 'user.email=demo@localhost')
START_SECONDS = 15.0
SSH_PORT, WEB_PORT = 2222, 8080


def main() -> None:
    """The whole demonstration. Leaves with the exit status of the first thing that fails."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    port, web = free_port(SSH_PORT), free_port(WEB_PORT)
    with receiver(port, web):
        say('A key for you, registered as "demo"')
        run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'demo', '-f', str(KEY))
        run(*GITRECEIVE, 'keys', 'add', 'demo', f'{KEY}.pub', '--home', str(HOME))
        for app, example in APPS.items():
            push(app, example, port)
            ask(app, web)
        change('hello-python', web)
        say('What runs')
        run(*SSH, '-p', str(port), 'git@127.0.0.1', 'ps')
        how_to_go_on(port, web)
        if sys.stdout.isatty():
            wait_for_interrupt()
        else:
            print(
                '\n       The receiver and its apps end now; on a terminal, "make demo" keeps them up until Ctrl-C.'
            )


@contextlib.contextmanager
def receiver(port: int, web: int) -> Iterator[None]:
    """The receiver and what it runs, as long as the context lasts."""
    say(f'Starting the receiver on 127.0.0.1:{port} (its log: {PLACE.relative_to(ROOT)}/receiver.log)')
    log = (PLACE / 'receiver.log').open('wb')
    command = [*GITRECEIVE, 'serve', '--home', str(HOME), '--listen', f'127.0.0.1:{port}']
    environ = {**os.environ, 'GITRECEIVE_ROUTER_LISTEN': f'127.0.0.1:{web}'}
    with (
        log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environ, start_new_session=True) as process,
    ):
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            subprocess.run([*GITRECEIVE, 'halt', '--home', str(HOME)], stdout=log, stderr=log, check=False)


def push(app: str, example: str, port: int) -> None:
    """Makes a repository of an example and pushes it."""
    folder = PLACE / app
    shutil.copytree(ROOT / 'examples' / example, folder)
    for words in (
        ('init', '--quiet', '--initial-branch=master'),
        ('add', '--all'),
        (*WHO, 'commit', '--quiet', '-m', f'{example}, as it comes'),
        ('remote', 'add', 'deploy', f'ssh://git@127.0.0.1:{port}/{app}.git'),
    ):
        run('git', *words, cwd=folder)
    say(f'examples/{example}: git push deploy master')
    run('git', 'push', 'deploy', 'master', cwd=folder)


def ask(app: str, web: int) -> str:
    """Shows what the app answers at its address."""
    url = f'http://{app}.localhost:{web}/'
    say(f'GET {url}')
    # The name is this host by definition (RFC 6761), and not every resolver knows.
    found = f'{app}.localhost:{web}:127.0.0.1'
    page = run('curl', '--silent', '--show-error', '--fail', '--resolve', found, url, quiet=True).strip()
    print(f'       {page[:200]}')
    return page


def change(app: str, web: int) -> None:
    """Changes a word of an app and pushes it again: only the code is built, and the new answer is there when git ends."""
    folder = PLACE / app
    source = folder / 'app.py'
    source.write_text(source.read_text().replace('Hello from', 'Hello again from'))
    run('git', *WHO, 'commit', '--quiet', '--all', '--message', 'Greet again', cwd=folder)
    say('One word changed: git push deploy master')
    run('git', 'push', 'deploy', 'master', cwd=folder)
    if 'again' not in ask(app, web):
        sys.exit(' !     the new code does not answer')


def how_to_go_on(port: int, web: int) -> None:
    """What to type for an app of one's own."""
    say('Your own app')
    print(f"""       cd YOUR-APP
       git remote add deploy ssh://git@127.0.0.1:{port}/YOUR-APP.git
       git config core.sshCommand "{ssh()}"
       git push deploy HEAD:refs/heads/master

       curl http://YOUR-APP.localhost:{web}/

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
    return ' '.join(SSH)


def free_port(wanted: int) -> int:
    """That one if nobody listens there, else any."""
    for port in (wanted, 0):
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
