"""The small apps below ``apps/``, and the commits that are pushed of them.

``apps/<buildpack>/<case>/`` holds the app and ``case.toml``:

- ``why``: what the case is about
- ``quick``: how many builds ``make test`` makes of it, 1 or 2; without it, only ``make test-all`` builds it
- ``buildpack``: the one that has to be chosen
- ``expect``, ``answers``: text of the answer at ``/``; of those at other paths
- ``process``: the process type that answers (``web``)
- ``prints``: other process types, which end, to text of their output
- ``versions``: tool to regular expression
- ``absent``: paths that the slug must not have
- ``components``: regular expressions for package URLs that its bill of materials has to have
- ``env``: config vars
- ``allow``: paths in the slug that may hold what looks secret
- ``gems``: whether Bundler gets a source of the gems that are made here
- ``before``, ``unchanged``: path to text, what is pushed first, with another time; text of the push after that
- ``gradle``: whether a Gradle wrapper is put beside the app
- ``lock``: a command that writes a lock file that names registries and so is not kept here
- ``addition``: an addition to the stack that the app is built with; ``lock`` is run in it
- ``fails``: a regular expression for what a rejected push says, instead of ``expect``
- ``from_scratch``: the second build runs every step anew, also those that install the runtime
- ``differs``: why two builds of the case cannot give the same slug, and in which files
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from tests.e2e.receiver import WHO, git

APPS = Path(__file__).parent / 'apps'
MAIN, BEFORE = 'main', 'main~1'
Lock = Callable[[Sequence[str], Path, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Case:
    """An app's directory, and what its ``case.toml`` says."""

    folder: Path
    says: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As in ``node/pnpm``."""
        return f'{self.folder.parent.name}/{self.folder.name}'

    @property
    def env(self) -> dict[str, str]:
        """Its config vars."""
        return dict(self.says.get('env', {}))

    @property
    def repeats(self) -> bool:
        """Whether it is built a second time."""
        return not {'fails', 'differs'} & self.says.keys()

    def slow(self, builds: int) -> bool:
        """Whether so many builds of it are left to ``make test-all``."""
        return int(self.says.get('quick', 0)) < builds


def cases() -> list[Case]:
    """All that there are."""
    found = sorted(APPS.glob('*/*/case.toml'))
    return [Case(path.parent, tomllib.loads(path.read_text('utf-8'))) for path in found]


def committed(app: Path, work: Path, case: Case, env: Mapping[str, str], lock: Lock) -> Path:
    """``work``, made a repository of the app's files, locked if the case says how: ``main`` is the last commit, and
    ``main~1`` the one before it, if the case has one."""
    shutil.copytree(app, work, symlinks=True, ignore=shutil.ignore_patterns('case.toml'))
    if 'lock' in case.says:
        lock(case.says['lock'], work, env)
    git(work, 'init', '-q', '-b', MAIN)
    before: Mapping[str, str] = case.says.get('before', {})
    now = {name: (work / name).read_text() for name in before}
    if before:
        _commit(work, before, '2024-01-01T00:00:00Z')
    _commit(work, now, '2024-02-01T00:00:00Z')
    return work


def _commit(work: Path, files: Mapping[str, str], date: str) -> None:
    """The files of a slug have the time of the commit: it is the same whenever the case is built."""
    for name, text in files.items():
        (work / name).write_text(text)
    git(work, 'add', '-A', '-f')
    words = ['git', *WHO, '-C', str(work), 'commit', '-q', '--allow-empty', '-m', 'the app']
    subprocess.run(words, env={**os.environ, 'GIT_COMMITTER_DATE': date}, check=True)


def locked(command: Sequence[str], work: Path, env: Mapping[str, str]) -> None:
    """Runs what writes the lock file, with the programs of the tests' own environment."""
    own = {'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}', 'GITRECEIVE_HOME': str(work.parent)}
    subprocess.run(command, cwd=work, env={**os.environ, **env, **own}, check=True)


def locked_inside(
    image: str, engine: docker.DockerClient, command: Sequence[str], work: Path, env: Mapping[str, str]
) -> None:
    """The same with the programs of an image."""
    place = {str(work): {'bind': '/app/src', 'mode': 'rw'}}
    words = {
        'user': os.geteuid(),
        'environment': {
            **env,
            'CARGO_HOME': '/tmp/cargo',
            'CARGO_HTTP_MULTIPLEXING': 'false',
            'CARGO_NET_RETRY': '5',
        },
        'working_dir': '/app/src',
    }
    engine.containers.run(image, command, volumes=place, remove=True, **words)
