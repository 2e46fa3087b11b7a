"""What changes the instances of the live release: scaling, restarts, stop and start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gitreceive.model.errors import RunError
from gitreceive.model.instance import Formation, InstanceName, counts
from gitreceive.model.operation import Operation, Rescale, Restart, Switch
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.run.changeover import Aim, Changeover
from gitreceive.run.formation import desired, scale_of
from gitreceive.run.ports import AppsThatRun, RunningReleases


class OperationEnds(Protocol):
    """OperationEnds, as the journal keeps them."""

    def done(self, operation: Operation) -> None:
        """Ends one that has done what it was to do. Raises ReleaseError if it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What they need. ``changeover``: None where nothing is run here."""

    releases: RunningReleases
    apps: AppsThatRun
    operations: OperationEnds
    changeover: Changeover | None

    def rescale(self, task: Task) -> None:
        """Changes the formation. Raises RunError for a process type that there is not, or as ``Changeover.change``."""
        app, request = task.app, task.operation.request
        assert isinstance(request, Rescale)
        task.console.step(f'Scaling {app}: {counts(request.formation)}')
        live, before = self.releases.live(app), self.apps.formation(app)
        if live:
            _check_types(live, request.formation)
        formation = {**before, **request.formation}
        self._change(
            task,
            live,
            formation,
            commit=partial(self.apps.rescale, task.operation, request.formation),
            renewed=lambda name: _limits_differ(name.process, before, formation),
        )

    def restart(self, task: Task) -> None:
        """Renews what runs, or some of it. Raises RunError where there is nothing of that name."""
        app, request = task.app, task.operation.request
        assert isinstance(request, Restart)
        live, formation = self.releases.live(app), self.apps.formation(app)
        if self.changeover is None:
            raise RunError('releases are not run here: the setting run.enabled is false')
        if live is None:
            raise RunError(f'{app} has no release to restart; push one')
        names = {each.name for each in desired(live, formation)}
        _check_names(app, request.processes, names)
        task.console.step(f'Restarting {", ".join(request.processes) or app}')
        self._change(
            task,
            live,
            formation,
            commit=partial(self.operations.done, task.operation),
            renewed=lambda name: not request.processes or _is_one_of(name, request.processes),
        )

    def switch(self, task: Task) -> None:
        """Stops all instances, or starts them."""
        request = task.operation.request
        assert isinstance(request, Switch)
        live, formation = self.releases.live(task.app), self.apps.formation(task.app)
        task.console.step(f'{"Starting" if request.on else "Stopping"} {task.app}')
        commit = partial(self.apps.switch, task.operation, request.on)
        self._change(task, live, formation, commit=commit, stopped=not request.on)

    def _change(
        self,
        task: Task,
        live: Release | None,
        formation: Formation,
        *,
        commit: Callable[[], None],
        renewed: Callable[[InstanceName], bool] = lambda name: False,
        stopped: bool | None = None,
    ) -> None:
        if live is None or self.changeover is None:
            commit()
            return
        stopped = self.apps.stopped(task.app) if stopped is None else stopped
        wanted = desired(live, formation, stopped=stopped)
        self.changeover.change(task, Aim(release=live, wanted=wanted, renewed=renewed), commit)


def _check_types(live: Release, formation: Formation) -> None:
    """Instances of a type that there is no more may be ended."""
    there = {process.name for process in live.processes}
    for name, scale in formation.items():
        if name not in there and scale.count:
            listed = ', '.join(sorted(there)) or 'none'
            raise RunError(f'{live.app} v{live.version} has no process type "{name}"; there are: {listed}')


def _check_names(app: str, asked: Iterable[str], names: set[InstanceName]) -> None:
    there = {str(name) for name in names} | {name.process for name in names}
    for each in asked:
        if each not in there:
            listed = ', '.join(sorted(there)) or 'nothing'
            raise RunError(f'{app} runs no "{each}"; there is: {listed}')


def _is_one_of(name: InstanceName, asked: Iterable[str]) -> bool:
    return bool({name.process, str(name)} & set(asked))


def _limits_differ(process: str, before: Formation, after: Formation) -> bool:
    old, new = scale_of(process, before), scale_of(process, after)
    return (old.memory, old.cpus) != (new.memory, new.cpus)
