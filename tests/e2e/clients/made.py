"""Clients that have to be made first: go-git and JGit are compiled, below ``build/clients/``, and kept there."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.clients.client import Program

SOURCES = Path(__file__).parent
BUILD = Path(__file__).parents[3] / 'build' / 'clients'


def go_git() -> Program:
    """go-git, compiled by a Go that may fetch the toolchain that its go.mod asks for."""
    go = tool('go')

    def build(out: Path) -> None:
        call([go, 'build', '-o', str(out / 'push'), '.'], SOURCES / 'gogit', GOTOOLCHAIN='auto', GOFLAGS='')

    return Program('go-git', (str(made('gogit', build) / 'push'),))


def jgit() -> Program:
    """JGit with Apache MINA sshd, compiled by Maven."""
    java, maven = tool('java'), tool('mvn')

    def build(out: Path) -> None:
        goals = ['compile', 'dependency:copy-dependencies']
        call([maven, '--quiet', '--batch-mode', f'-Dout={out}', *goals], SOURCES / 'jgit')

    out = made('jgit', build)
    return Program('JGit', (java, '-XX:TieredStopAtLevel=1', '-cp', f'{out}/classes:{out}/jars/*', 'Push'))


def tool(name: str) -> str:
    """A program on the PATH, or beside the tests' Python, where a package may have brought it."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        missing = f'no {name} on this machine: "dev/setup clients" installs it'
        if os.environ.get('GITRECEIVE_REQUIRE_CLIENTS') == '1':
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def made(name: str, build: Callable[[Path], None]) -> Path:
    """The directory that ``build`` has filled from the sources of ``name`` as they are now."""
    files = sorted(path for path in (SOURCES / name).rglob('*') if path.is_file())
    wanted = hashlib.sha256(b'\0'.join(path.read_bytes() for path in files)).hexdigest()
    with locked(name) as out:
        stamp = out / 'made-from'
        if not stamp.exists() or stamp.read_text() != wanted:
            build(out)
            stamp.write_text(wanted)
    return out


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """A directory below ``build/clients/``, for one process at a time."""
    out = BUILD / name
    out.mkdir(parents=True, exist_ok=True)
    with open(BUILD / f'{name}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield out


def call(words: list[str], folder: Path, **environ: str) -> None:
    """Runs a compiler. Its words are the failure's."""
    done = subprocess.run(words, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, f'{" ".join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}'
