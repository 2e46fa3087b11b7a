"""From a push to a release, and an older release live again, with stand-ins for the engine, the journal and slugs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.deploy import deploy
from gitreceive.build.planning import Planner
from gitreceive.build.rollback import roll_back
from gitreceive.build.room import Room
from gitreceive.config.home import Home
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError, DetectError, ReleaseError, RoomError
from gitreceive.model.operation import Deploy, Operation, OperationRequest, OperationState, Rollback
from gitreceive.model.plan import Stack
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.run.rollout import only_release
from gitreceive.wiring import bind_stages
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
        task = self._task(Deploy(update=update, options=frozenset(options)))
        return deploy(task, stages=bind_stages(*ports), roll_out=self._roll_out)  # type: ignore[arg-type]

    def roll_back(self, version: int) -> Release:
        task = self._task(Rollback(version=version, commit=NO_COMMIT))
        return roll_back(task, slugs=self.slugs, releases=self.releases, keep=10, roll_out=self._roll_out)

    def _roll_out(self, task: Task, release: Release) -> Release:
        return only_release(task, release, releases=self.releases)

    def _task(self, request: OperationRequest) -> Task:
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


@pytest.fixture
def here(tmp_path: Path, clock: BuildClock) -> Bound:
    return Bound(tmp_path, clock)


PROCFILE = {'Procfile': 'web: serve\nworker: work\n'}


def test_a_push_becomes_a_release_that_records_what_was_built(here: Bound) -> None:
    here.config.kept = {'NAME': 'value'}
    commit = here.commit(PROCFILE)
    release = here.deploy(commit, 'nocache')
    (job,) = here.builder.jobs
    assert (job.number, job.nocache, job.env) == (1, True, {'NAME': 'value'})
    assert (release.version, release.operation, release.commit) == (1, 1, commit)
    assert [each.name for each in release.processes] == ['web', 'worker']
    assert (release.description, release.stack) == (f'Deploy {commit[:7]}', 'cedar-12')
    assert here.releases.config(release) == {'NAME': 'value'}
    facts = here.slugs.stored[release.slug.sha256]
    assert (facts['commit'], facts['buildpack']) == (commit, 'minimal')
    assert facts['stack_digest'] == here.builder.digest('build:12')
    assert here.console.steps[0] == 'Building hello on cedar-12 (build 1; it goes on if you disconnect)'
    assert not (here.home.work / '1').exists()
    assert not here.slugs.kept


def test_of_the_slug_before_only_the_chunks_stay(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    second = here.deploy(here.commit({**PROCFILE, 'new': ''}))
    assert here.slugs.reduced == {first.slug.sha256}
    assert second.slug.sha256 in here.slugs.stored
    assert 'before: 1' in here.console.details


def test_what_app_json_wants_set_is_the_apps_own_and_counts_for_its_plan(here: Bound) -> None:
    app_json = '{"env": {"BUILDPACK_URL": "minimal", "SECRET": {"generator": "secret"}}}'
    release = here.deploy(here.commit({**PROCFILE, 'package.json': '{}', 'app.json': app_json}))
    assert release.buildpack == 'minimal'
    assert here.config.kept['BUILDPACK_URL'] == 'minimal'
    assert len(here.config.kept['SECRET']) == 64
    assert here.releases.config(release) == here.config.kept
    assert here.slugs.orders[0].secrets == {'SECRET': here.config.kept['SECRET']}


def test_a_secret_that_the_platform_needs_is_generated_once(here: Bound) -> None:
    gems = 'GEM\n  specs:\n    rails (7.1.2)\n    railties (7.1.2)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rails\n'
    files = {'Gemfile': "gem 'rails'", 'Gemfile.lock': gems, 'Procfile': 'web: a'}
    here.deploy(here.commit(files))
    secret = here.config.kept['SECRET_KEY_BASE']
    here.deploy(here.commit({**files, 'new': ''}))
    assert here.config.kept['SECRET_KEY_BASE'] == secret
    assert here.builder.jobs[0].env['SECRET_KEY_BASE'] == secret


def test_a_build_that_fails_releases_and_stores_nothing(here: Bound) -> None:
    here.builder = FakeBuilder(error=BuildError('failed in "x" (exit 1)'))
    with pytest.raises(BuildError, match='exit 1'):
        here.deploy(here.commit(PROCFILE))
    assert (here.releases.made, here.slugs.stored) == ([], {})


def test_an_app_without_processes_is_refused_after_its_build(here: Bound) -> None:
    classic = {'.buildpacks': 'https://github.com/a/b', 'bin': ''}
    here.builder = FakeBuilder(release=b'default_process_types:\n  web: run\n')
    release = here.deploy(here.commit(classic))
    assert [each.command for each in release.processes] == ['cd /app && run']
    here.builder = FakeBuilder()
    with pytest.raises(DetectError, match='neither the app nor its buildpack'):
        here.deploy(here.commit({**classic, 'new': ''}))


def test_a_build_that_was_cancelled_before_its_release_leaves_the_live_slug(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.releases.ended = {2}
    with pytest.raises(ReleaseError, match='no longer running'):
        here.deploy(here.commit({**PROCFILE, 'new': ''}))
    assert list(here.slugs.stored) == [first.slug.sha256]
    assert here.releases.live(HELLO) == first
    assert here.slugs.reduced == set()


def test_a_stopped_task_ends_before_anything_is_built(here: Bound) -> None:
    commit = here.commit(PROCFILE)
    here.clock.stop(BuildCancelled('cancelled by ann'))
    with pytest.raises(BuildCancelled, match='by ann'):
        here.deploy(commit)
    assert here.builder.jobs == []


def test_a_build_for_which_there_is_no_room_is_not_begun(
    here: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.build.room.free_bytes', lambda path: (1, 1000))
    with pytest.raises(RoomError, match=r'"gitreceive gc" would free 42\.0 MB'):
        here.deploy(here.commit(PROCFILE))
    assert here.builder.jobs == []


def test_a_rollback_releases_the_older_slug_with_its_config(here: Bound) -> None:
    here.config.kept = {'NAME': 'old'}
    first = here.deploy(here.commit(PROCFILE))
    here.config.kept = {'NAME': 'new'}
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    third = here.roll_back(1)
    assert (third.version, third.slug, third.commit) == (3, first.slug, first.commit)
    assert (third.operation, third.description) == (3, 'Rollback to v1')
    assert here.releases.config(third) == {'NAME': 'old'}
    assert here.slugs.restored == [first.slug.sha256]
    assert here.slugs.reduced == {first.slug.sha256, here.releases.made[1][0].slug.sha256}


def test_a_rollback_to_a_slug_that_was_pruned_is_refused_with_the_remedy(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    del here.slugs.stored[first.slug.sha256]
    with pytest.raises(ReleaseError, match=r'cannot roll back to v1: its slug was pruned \(storage\.keep_r'):
        here.roll_back(1)
    with pytest.raises(ReleaseError, match='hello has no release v9'):
        here.roll_back(9)
    assert len(here.releases.made) == 2
