"""A real receiver in processes of its own, and people who push to it with the real clients."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.config.home import Home
from gitreceive.journal import Journal, open_journal
from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation
from gitreceive.model.release import Release
from tests.e2e.sshd.sshd_process import Done, alive, descendants, run
from tests.waiting import wait_until

PROCFILE = b'web: cat\n'
PLAIN_GIT = {
    'GIT_CONFIG_GLOBAL': '/dev/null',
    'GIT_CONFIG_NOSYSTEM': '1',
    'GIT_TERMINAL_PROMPT': '0',
    'GIT_CONFIG_COUNT': '1',
    'GIT_CONFIG_KEY_0': 'core.bigFileThreshold',  # git looks for deltas in random blobs for minutes
    'GIT_CONFIG_VALUE_0': '1m',
}
WHO = ('-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always')


class Receiver:
    """``gitreceive serve`` below ``folder/home``; or, with ``apart``, its two processes without the supervisor.

    ``python`` runs all of it, and ``environ`` is added to its environment. Releases are built and stored, and run by the
    receivers of ``running.py`` only.
    """

    def __init__(
        self,
        folder: Path,
        docker_host: str,
        *,
        apart: bool = False,
        python: str = sys.executable,
        **environ: str,
    ) -> None:
        self.python = python
        self.home = Home(folder / 'home')
        self.log_file = folder / 'receiver.log'
        self.port = free_port()
        self.docker_host = environ.get('DOCKER_HOST', docker_host)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith('GITRECEIVE_')}
        self.environ = {
            **inherited,
            'DOCKER_HOST': docker_host,
            'GITRECEIVE_HOME': str(self.home.root),
            'GITRECEIVE_SSH_LISTEN': f'127.0.0.1:{self.port}',
            'GITRECEIVE_LIMITS_FREE_BYTES': '1000000',
            'GITRECEIVE_RUN_ENABLED': 'false',
            **environ,
        }
        self.parts = ('daemon', 'sshd') if apart else ('serve',)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, **environ: str) -> None:
        """Starts what is not running, and waits until it takes pushes; ``environ`` is for this life only."""
        for name in self.parts:
            if name not in self.running or self.running[name].poll() is not None:
                self.running[name] = self._start(name, environ)
        wait_until(self.answers, 30, 'the receiver to answer')

    def answers(self) -> bool:
        """Whether both processes take connections."""
        for name, process in self.running.items():
            assert process.poll() is None, f'{name} ended: {self.log_file.read_text()[-3000:]}'
        with socket.socket(socket.AF_UNIX) as daemon, socket.socket() as sshd:
            return not daemon.connect_ex(str(self.home.socket)) and not sshd.connect_ex(
                ('127.0.0.1', self.port)
            )

    def pid(self, name: str) -> int:
        """The process of ``sshd`` or ``daemon``."""
        if name in self.running:
            return self.running[name].pid
        word = {'sshd': 'gitreceive.sshd', 'daemon': 'daemon'}[name]
        for pid in descendants(self.running['serve'].pid):
            with contextlib.suppress(OSError):
                if word in Path(f'/proc/{pid}/cmdline').read_text().split('\0'):
                    return pid
        raise AssertionError(f'no {name} runs')

    def kill(self, name: str) -> None:
        """``kill -9``."""
        os.kill(self.pid(name), signal.SIGKILL)
        if name in self.running:
            self.running[name].wait(10)

    def end(self) -> None:
        """For the fixture: ends everything and removes what is left in the engine."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            below = descendants(process.pid)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pid in filter(alive, below):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        DockerImageBuilder(Engine(self.docker_host), str(self.home.root), lambda: '').sweep(frozenset())

    def host(self, *words: str, given: bytes = b'', timeout: float = 60) -> Done:
        """A command of the sysadmin's."""
        return run(
            [self.python, '-m', 'gitreceive.cli.main', *words],
            environ=self.environ,
            given=given,
            timeout=timeout,
        )

    def journal(self) -> Journal:
        """The journal, read beside the daemon."""
        return open_journal(self.home)

    def builds(self, app: str) -> list[Operation]:
        """Oldest first."""
        with contextlib.closing(self.journal()) as journal:
            return journal.operations.of(AppName(app), 1000)[::-1]

    def releases(self, app: str) -> list[Release]:
        """Oldest first."""
        with contextlib.closing(self.journal()) as journal:
            return journal.releases.of(AppName(app), 1000)[::-1]

    def slug(self, release: Release) -> Path:
        """The whole slug of a release, in the receiver's own storage."""
        return self.home.root / 'slugs' / release.app / f'{release.slug.sha256}.tgz'

    def settled(self, app: str, seconds: float = 60) -> list[Operation]:
        """The builds of an app when none of them is waiting or running any more."""
        wait_until(
            lambda: self.builds(app) and not any(not build.state.final for build in self.builds(app)),
            seconds,
            f'the builds of {app} to end',
        )
        return self.builds(app)

    def ref(self, app: str, name: str = 'refs/heads/main') -> str | None:
        """What a ref of the receiver's own repository points at."""
        words = ['git', '--git-dir', str(self.home.repo(AppName(app))), 'rev-parse', '--verify', '-q', name]
        safe = {'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'safe.directory', 'GIT_CONFIG_VALUE_0': '*'}
        return run(words, environ={**os.environ, **safe}).out.strip() or None

    def leftovers(self) -> list[Path]:
        """Temporary files, and members that no slug has. What follows a release writes some too, for a moment."""
        deadline = time.monotonic() + 5
        while (found := self._left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def _left(self) -> list[Path]:
        slugs = self.home.root / 'slugs'
        known = {
            slug.parent / 'members' / f'{member["sha256"]}.gz'
            for slug in slugs.glob('*/*.json')
            for member in json.loads(slug.read_bytes()).get('members', [])
        }
        stored = [
            path
            for path in slugs.rglob('*')
            if path.is_file() and path.suffix not in ('.tgz', '.json') and path not in known
        ]
        work = list(self.home.work.iterdir()) if self.home.work.exists() else []
        quarantines = [path for path in self.home.repos.glob('*.git/objects/*incoming*')]
        hooks = [path for path in self.home.repos.glob('*.git/session-hooks-*/refused')]
        return [*work, *stored, *quarantines, *hooks, *self.home.repos.glob('.new-*')]

    def _start(self, name: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with open(self.log_file, 'ab') as log:
            return subprocess.Popen(
                [self.python, *self._words(name)],
                env={**self.environ, **environ},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _words(self, name: str) -> list[str]:
        """What Python runs as that process."""
        return ['-m', 'gitreceive.sshd'] if name == 'sshd' else ['-m', 'gitreceive.cli.main', name]


@dataclass(frozen=True, slots=True)
class Pusher:
    """A person with a key that the receiver knows."""

    key: Path
    receiver: Receiver

    @property
    def environ(self) -> dict[str, str]:
        """For git and ssh."""
        return {**os.environ, **PLAIN_GIT, 'GIT_SSH_COMMAND': ' '.join(self.ssh_words())}

    def ssh_words(self) -> list[str]:
        """The client, without the host."""
        words = ['ssh', '-F', 'none', '-i', str(self.key), '-p', str(self.receiver.port)]
        for option in (
            'IdentitiesOnly=yes',
            'IdentityAgent=none',
            'StrictHostKeyChecking=no',
            f'UserKnownHostsFile={self.key}.hosts',
            'LogLevel=ERROR',
            'BatchMode=yes',
        ):
            words += ['-o', option]
        return words

    def ssh(self, *words: str, timeout: float = 60) -> Done:
        """Runs a command over SSH."""
        return run([*self.ssh_words(), 'git@127.0.0.1', *words], timeout=timeout)

    def url(self, app: str) -> str:
        """Where an app is pushed to."""
        return f'ssh://git@127.0.0.1:{self.receiver.port}/{app}.git'

    def git(self, work: Path, *words: str, timeout: float = 120) -> Done:
        """Runs git in a directory, with this key."""
        return run(['git', *WHO, '-C', str(work), *words], environ=self.environ, timeout=timeout)

    def push(self, work: Path, app: str, *words: str, timeout: float = 120) -> 'Pushed':
        """``git push``, of ``main`` unless something else is named."""
        done = self.git(work, 'push', self.url(app), *(words or ('main',)), timeout=timeout)
        return Pushed(done.status, done.out, done.err)

    def start_push(self, work: Path, app: str, *words: str) -> 'Pushing':
        """A push that goes on by itself."""
        return Pushing(['git', '-C', str(work), 'push', self.url(app), *(words or ('main',))], self.environ)


@dataclass(frozen=True, slots=True)
class Pushed(Done):
    """A finished push."""

    @property
    def lines(self) -> list[str]:
        """What the receiver said."""
        return [
            line.removeprefix('remote: ').rstrip()
            for line in self.err.splitlines()
            if line.startswith('remote:')
        ]

    @property
    def json(self) -> dict[str, object]:
        """The record at the end."""
        found = json.loads([line for line in self.lines if line][-1])
        assert isinstance(found, dict)
        return found


class Pushing:
    """A running push, whose output can be waited for."""

    def __init__(self, words: list[str], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            words,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._said = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        while chunk := os.read(self.process.stderr.fileno(), 65536):
            self._said += chunk

    @property
    def said(self) -> str:
        """The output so far."""
        return bytes(self._said).decode(errors='replace')

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Returns when ``text`` was printed."""
        wait_until(
            lambda: text in self.said or self.process.poll() is not None, seconds, f'{text!r} in a push'
        )
        assert text in self.said, self.said

    def end(self, seconds: float = 120) -> Pushed:
        """Waits for the push."""
        status = self.process.wait(seconds)
        self._reader.join(10)
        assert self.process.stderr
        self.process.stderr.close()
        return Pushed(status, '', self.said)

    def kill(self) -> None:
        """``kill -9`` for git and its ssh: the client's machine went away."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end(10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def make_app(path: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """A working directory with one commit on ``main``: by default a Procfile alone."""
    path.mkdir(parents=True)
    git(path, 'init', '-q', '-b', 'main')
    change(path, {'Procfile': PROCFILE, **(files or {})})
    return path


def copy_app(source: Path, path: Path) -> Path:
    """A working directory with the files of ``source`` in one commit on ``main``."""
    shutil.copytree(source, path)
    git(path, 'init', '-q', '-b', 'main')
    change(path, {})
    return path


def change(work: Path, files: Mapping[str, bytes | None], message: str = 'a change') -> str:
    """Commits new contents (None: deletes); the commit's name."""
    for name, content in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    git(work, 'add', '-A')
    git(work, 'commit', '-q', '--allow-empty', '-m', message)
    return head(work)


def head(work: Path) -> str:
    """The commit that is checked out."""
    return git(work, 'rev-parse', 'HEAD').strip()


def git(work: Path, *words: str, given: bytes = b'') -> str:
    """Runs git without any network."""
    done = run(['git', *WHO, '-C', str(work), *words], environ={**os.environ, **PLAIN_GIT}, given=given)
    assert done.status == 0, done.err
    return done.out


class Wire:
    """A Unix socket before an engine's own, which can be cut: the engine has gone away as far as anybody can see."""

    def __init__(self, path: Path, docker_host: str) -> None:
        self.path, self._target = path, docker_host.removeprefix('unix://')
        self._open: list[socket.socket] = []
        self.join()

    def join(self) -> None:
        """Lets connections through."""
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Ends all connections and takes no more."""
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()
        self.path.unlink()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
