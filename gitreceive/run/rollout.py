"""Makes a created release the one that is live."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from gitreceive.model.errors import StateError
from gitreceive.model.instance import Scale
from gitreceive.model.needs import read_needs
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.points import point
from gitreceive.run.changeover import Aim, Changeover
from gitreceive.run.formation import RELEASE, desired
from gitreceive.run.ports import AppsThatRun, RunningReleases
from gitreceive.run.spec import WEB

log = logging.getLogger(__name__)

AtOnce = Callable[[Task, Release], None]
"""Runs a command of a release, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What it needs. ``before`` runs what goes before the instances, ``after`` what follows the first release.

    ``told`` names the receiver for people.
    """

    releases: RunningReleases
    apps: AppsThatRun
    changeover: Changeover
    before: AtOnce
    after: AtOnce
    told: str

    def __call__(self, task: Task, release: Release) -> Release:
        """The live release. Raises RunError, Unhealthy, ReleaseCommandFailed, RouterError, EngineGone, ReleaseError,
        StateError, or what the task was stopped with; then the release has failed, and what was live is live.
        """
        first = self.releases.live(task.app) is None
        with self._failing(release):
            task.console.step(f'Releasing v{release.version}')
            self.releases.starting(release)
            point('release.starting')
            if first:
                self._begin_formation(release)
            self.before(task, release)
            commit = partial(self.releases.go_live, task.operation, release)
            target = self._target(release)
            live = self.changeover.change(task, target, commit)
        point('release.live')
        self._tell(task, target)
        if first:
            self.after(task, live)
        return live

    def _target(self, release: Release) -> Aim:
        """Nothing of another release, or of an earlier try, stays."""
        app = release.app
        wanted = desired(release, self.apps.formation(app), stopped=self.apps.stopped(app))
        return Aim(release=release, wanted=wanted, renewed=lambda name: True)

    def _begin_formation(self, release: Release) -> None:
        counts = read_needs(release.running).formation
        self.apps.set_first_formation(
            release.app, {name: Scale(count=count) for name, count in counts.items()}
        )

    @contextmanager
    def _failing(self, release: Release) -> Iterator[None]:
        try:
            yield
        except BaseException:
            try:
                self.releases.fail(release)
            except StateError as error:
                log.error('%s v%d has failed, which is not written: %s', release.app, release.version, error)
            raise

    def _tell(self, task: Task, target: Aim) -> None:
        app, console = task.app, task.console
        if any(each.name.process == WEB for each in target.wanted):
            for url in self.changeover.traffic.urls(app)[:1]:
                console.detail(f'{url} deployed to {self.told}')
        elif self.apps.stopped(app):
            console.warn(f'{app} is stopped: "ps start {app}" starts it')
        elif not target.wanted:
            console.warn(_nothing_runs(target.release))


def _nothing_runs(release: Release) -> str:
    types = [process.name for process in release.processes if process.name != RELEASE]
    if not types:
        return f'Nothing of {release.app} runs: it has no process types'
    scale = f'"ps scale {release.app} {types[0]}=1" starts {types[0]}'
    return f'Nothing of {release.app} runs: its formation has no instances; {scale}'


def only_release(task: Task, release: Release, *, releases: RunningReleases) -> Release:
    """Where nothing is run here: the release is live at once. Raises ReleaseError, StateError."""
    task.console.step(f'Releasing v{release.version}')
    live = releases.go_live(task.operation, release)
    point('release.live')
    return live
