"""A real server in a process of its own, and the real clients that knock at it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gitreceive.access.book import AccessBook
from gitreceive.access.publickeys import read_public_keys
from gitreceive.config.home import Home
from tests.memory import memory
from tests.waiting import wait_until

LEAVE_SUCCESS = 'echo 0 > /proc/self/fd/$GITRECEIVE_VERDICT'
LAUNCHER = Path(__file__).with_name('launcher.py')


@dataclass(frozen=True, slots=True)
class Done:
    """A finished client."""

    status: int
    out: str
    err: str


class RunningServer:
    """``gitreceive server`` below ``home``, on a free port of 127.0.0.1; its hooks come from ``hooks``."""

    def __init__(self, home: Path, *, environ: dict[str, str] | None = None) -> None:
        self.home = home
        self.hooks = home.parent / f'{home.name}-hooks'
        self.hooks.mkdir(exist_ok=True)
        self.log_file = home.parent / f'{home.name}.log'
        with open(self.log_file, 'wb') as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(LAUNCHER),
                    str(self.hooks),
                    '--home',
                    str(home),
                    '--listen',
                    '127.0.0.1:0',
                ],
                stderr=log,
                env={**os.environ, **(environ or {})},
            )
        hook(self, 'post-receive', '')
        self.port = self._wait_until_ready()

    def lines(self, event: str = '') -> list[dict[str, object]]:
        """The log so far; every line must be JSON."""
        found = [json.loads(line) for line in self.log_file.read_bytes().splitlines()]
        return [line for line in found if not event or line['event'] == event]

    def wait_for_line(self, event: str, number: int = 1, seconds: float = 15.0) -> dict[str, object]:
        """The ``number``-th line of an event."""
        wait_until(lambda: len(self.lines(event)) >= number, seconds, f'{number} lines of {event}')
        return self.lines(event)[number - 1]

    def repository(self, app: str) -> Path:
        return self.home / 'repos' / f'{app}.git'

    def memory(self, what: str = 'VmRSS') -> int:
        """Bytes."""
        return memory(self.process.pid, what)

    def threads(self) -> int:
        return len(os.listdir(f'/proc/{self.process.pid}/task'))

    def descriptors(self) -> int:
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def children(self) -> list[int]:
        """All living descendants."""
        return descendants(self.process.pid)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def end(self) -> None:
        """For the fixture: whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _wait_until_ready(self) -> int:
        def ready() -> bool:
            assert self.process.poll() is None, self.log_file.read_text()
            return bool(self.lines('ready'))

        wait_until(ready, 20, 'the server to be ready')
        return int(str(self.lines('ready')[-1]['port']))


def hook(server: RunningServer, name: str, script: str) -> None:
    """Lets the gits of a server run a script. A post-receive that leaves no verdict of its own leaves success."""
    path = server.hooks / name
    verdict = LEAVE_SUCCESS if name == 'post-receive' and 'VERDICT' not in script else ''
    path.write_text(f'#!/bin/sh\n{script}\n{verdict}\n')
    path.chmod(0o755)


@dataclass(frozen=True, slots=True)
class Client:
    """A person with a key, and a server to knock at."""

    key: Path
    server: RunningServer

    def ssh_words(self, *options: str) -> list[str]:
        return [
            *(
                'ssh',
                '-F',
                'none',
                '-i',
                str(self.key),
                '-p',
                str(self.server.port),
                '-o',
                'IdentitiesOnly=yes',
            ),
            *('-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'),
            *('-o', 'IdentityAgent=none', '-o', 'BatchMode=yes', *options),
        ]

    def ssh(self, *words: str, options: tuple[str, ...] = (), user: str = 'git', timeout: float = 60) -> Done:
        """Runs a command over SSH."""
        return run([*self.ssh_words(*options), f'{user}@127.0.0.1', *words], timeout=timeout)

    def git(self, work: Path, *words: str, options: tuple[str, ...] = (), timeout: float = 120) -> Done:
        """Runs git in a working directory, with this key."""
        return run(['git', '-C', str(work), *words], environ=self.environment(*options), timeout=timeout)

    def environment(self, *options: str) -> dict[str, str]:
        return {**os.environ, 'GIT_SSH_COMMAND': ' '.join(self.ssh_words(*options))}

    def url(self, app: str) -> str:
        return f'ssh://git@127.0.0.1:{self.server.port}/{app}.git'

    def push(
        self, work: Path, app: str, *words: str, options: tuple[str, ...] = (), timeout: float = 120
    ) -> Done:
        return self.git(work, 'push', self.url(app), *(words or ('main',)), options=options, timeout=timeout)

    def start_push(self, work: Path, app: str) -> subprocess.Popen[bytes]:
        """A push that goes on by itself, with its ssh in a process group of its own."""
        return subprocess.Popen(
            ['git', '-C', str(work), 'push', self.url(app), 'main'],
            env=self.environment(),
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


def run(
    words: list[str], *, environ: dict[str, str] | None = None, timeout: float = 60, given: bytes = b''
) -> Done:
    done = subprocess.run(words, env=environ, input=given, capture_output=True, timeout=timeout)
    return Done(done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace'))


def register(home: Path, name: str, key: Path, *apps: str) -> None:
    """Lets a key in, for some apps or for all."""
    public = key.with_name(f'{key.name}.pub')
    keys = read_public_keys(public.read_bytes(), str(public))
    AccessBook(Home(home).access_db).add(name, keys, frozenset(apps) if apps else None)


def make_key(path: Path, kind: str = 'ed25519', *words: str) -> Path:
    subprocess.run(
        ['ssh-keygen', '-q', '-t', kind, '-N', '', '-C', 'a comment', '-f', path, *words], check=True
    )
    return path


def make_work(path: Path, **files: bytes) -> Path:
    """A working directory with one commit on ``main``."""
    path.mkdir(parents=True, exist_ok=True)
    run_git(path, 'init', '-q', '-b', 'main')
    run_git(path, 'config', 'core.bigFileThreshold', '1m')  # git looks for deltas in random blobs for minutes
    for name, content in (files or {'file': b'hello\n'}).items():
        (path / name).write_bytes(content)
    commit(path)
    return path


def commit(work: Path, message: str = 'a commit') -> None:
    run_git(work, 'add', '-A')
    run_git(work, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', message)


def run_git(work: Path, *words: str) -> str:
    return subprocess.run(['git', '-C', str(work), *words], check=True, capture_output=True).stdout.decode()


def processes() -> dict[int, tuple[int, int]]:
    """All living processes, zombies left out: their parent and their process group."""
    found = {}
    for entry in Path('/proc').iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / 'stat').read_text().rpartition(')')[2].split()
            except OSError:
                continue
            if fields[0] != 'Z':
                found[int(entry.name)] = (int(fields[1]), int(fields[2]))
    return found


def alive(pid: int) -> bool:
    return pid in processes()


def descendants(pid: int) -> list[int]:
    """All living processes below a process."""
    everyone = processes()
    found = [pid]
    for above in found:
        found += [below for below, (parent, _) in everyone.items() if parent == above]
    return found[1:]
