"""A receiver without engine and storage, and what it is pushed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.deploy import deploy
from gitreceive.build.planning import Planner
from gitreceive.build.rollback import roll_back
from gitreceive.build.room import Room
from gitreceive.config.home import Home
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.operation import Deploy, Operation, OperationRequest, OperationState, Rollback
from gitreceive.model.plan import Stack
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.run.rollout import only_release
from gitreceive.wiring.receiver import bind_stages
from tests.building import Lines
from tests.fakes import FakeBuilder
from tests.fakes_build import FakeApps, FakeReleases, FakeSlugs

HELLO = AppName('hello')
STACK = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000, rubies=('3.1.2',))


@dataclass
class Parts:
    """What the stages are bound to."""

    apps: FakeApps
    releases: FakeReleases


class Bound:
    """A receiver without engine and storage, and a repository of real git."""

    def __init__(self, folder: Path, clock: BuildClock) -> None:
        self.home = Home(folder / 'home')
        self.config, self.releases, self.slugs = FakeApps(), FakeReleases(), FakeSlugs()
        self.builder, self.console, self.clock = FakeBuilder(), Lines(), clock
        self.largest = 1000
        self._tree = folder / 'tree'
        self._tree.mkdir()
        self._git('init', '--quiet')
        self._count = 0

    def commit(self, files: dict[str, str]) -> Commit:
        """A commit of these files and no others, in the app's repository."""
        self._git('rm', '-r', '--quiet', '--ignore-unmatch', '.')
        for name, content in files.items():
            (self._tree / name).write_text(content)
        self._git('add', '--all')
        self._git(
            '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '--allow-empty', '-m', 'a'
        )
        repo = self.home.repo(HELLO)
        if not repo.exists():
            subprocess.run(['git', 'init', '--quiet', '--bare', str(repo)], check=True)
        self._git('push', '--quiet', '--force', str(repo), 'HEAD:refs/heads/main')
        return Commit(self._git('rev-parse', 'HEAD').strip())

    def deploy(self, commit: Commit, *options: str) -> Release:
        update = RefUpdate(old=NO_COMMIT, new=commit, ref='refs/heads/main')
        room = Room(
            largest=self.largest, slugs=self.home.root, releases=self.releases, freeable=lambda: 42_000_000
        )
        journal = Parts(self.config, self.releases)
        buildpacks = load_buildpacks(hosts=['github.com'])
        planner = Planner(buildpacks=buildpacks, stack=STACK)
        ports = (self.home, journal, planner, self.builder, self.slugs, self.slugs, room)
        task = self.task(Deploy(update=update, options=frozenset(options)))
        return deploy(task, stages=bind_stages(*ports), roll_out=self.roll_out)  # type: ignore[arg-type]

    def roll_back(self, version: int, *, code_only: bool = False) -> Release:
        task = self.task(Rollback(version=version, commit=NO_COMMIT, code_only=code_only))
        ports = {'slugs': self.slugs, 'releases': self.releases, 'apps': self.config}
        return roll_back(task, **ports, keep=10, roll_out=self.roll_out)  # type: ignore[arg-type]

    def roll_out(self, task: Task, release: Release) -> Release:
        return only_release(task, release, releases=self.releases)

    def task(self, request: OperationRequest) -> Task:
        self._count += 1
        operation = Operation(
            number=self._count,
            app=HELLO,
            request=request,
            actor=Actor(name='ann'),
            state=OperationState.RUNNING,
        )
        return Task(operation=operation, console=self.console, cancellation=self.clock)

    def _git(self, *words: str) -> str:
        return subprocess.check_output(['git', '-C', str(self._tree), *words], text=True)


PROCFILE = {'Procfile': 'web: serve\nworker: work\n'}
