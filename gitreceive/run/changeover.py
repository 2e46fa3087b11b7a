"""Lets other instances take the place of those that an app runs: at every moment the old ones or the new ones serve."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gitreceive.model.errors import GitReceiveError
from gitreceive.model.instance import Instance, InstanceName
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.points import point
from gitreceive.run.formation import WantedInstance, compare
from gitreceive.run.launch import Launcher
from gitreceive.run.locks import AppLocks
from gitreceive.run.ports import Instances
from gitreceive.run.retire import Retiring
from gitreceive.run.traffic import Traffic

log = logging.getLogger(__name__)

Done = TypeVar('Done')


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What an app is to run: the ``wanted`` instances of ``release``; of those that run, some may be ``renewed``."""

    release: Release
    wanted: Sequence[WantedInstance]
    renewed: Callable[[InstanceName], bool] = lambda name: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeover:
    """What it needs: who starts, who leads requests, who ends."""

    instances: Instances
    launcher: Launcher
    traffic: Traffic
    retiring: Retiring
    locks: AppLocks

    def change(self, task: Task, target: Aim, commit: Callable[[], Done]) -> Done:
        """Starts what is missing, leads requests there, has ``commit`` write that into the journal, ends the others.

        Raises what ``commit`` raises, Unhealthy, RunError, RouterError, EngineGone, or what the task was stopped with;
        then what ran runs, and has the requests.
        """
        app = task.app
        with self.locks.held(app):
            found = [one for one in self.instances.find(app) if not self.retiring.holds(one)]
            compared = compare(target.wanted, found, target.release.version, target.renewed)
            what = (target.release, compared.missing, task.console, task.cancellation)
            with self.launcher.launched(*what) as new:
                point('instances.up')
                task.cancellation.check()
                with self.traffic.led(app, [*compared.kept, *new], instead_of=found):
                    point('route.switched')
                    done = commit()
            point('change.committed')
            self._finish(new, compared.surplus)
        return done

    def _finish(self, new: Sequence[Instance], surplus: Sequence[Instance]) -> None:
        """What is in the journal is so, whatever happens now: the supervision goes on from here."""
        try:
            self.launcher.keep(new)
            point('instances.kept')
        except GitReceiveError as error:
            log.warning('new instances are not kept yet: %s', error)
        self.retiring.retire(surplus)
