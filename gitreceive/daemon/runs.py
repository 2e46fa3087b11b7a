"""The part of the daemon that runs releases: its threads, from the start to an orderly end."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack

from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.release import ReleaseState
from gitreceive.run.cron import CronClock
from gitreceive.run.parts import Running
from gitreceive.run.supervise import SupervisingThread

log = logging.getLogger(__name__)

LEAVE_SECONDS = 2.0
"""How long an end of the daemon waits for what leaves; the next one goes on with it."""

END_SECONDS = 4.0
"""How long people's commands get to end; what is left of them is removed at the next start."""

TO_BE = (ReleaseState.CREATED, ReleaseState.STARTING)


class Runs:
    """Looks after what runs. ``stacks`` are those whose images the engine is given ahead of the first release."""

    def __init__(self, running: Running, stacks: Callable[[], list[str]]) -> None:
        self._running, self._stacks = running, stacks
        self._supervisor = SupervisingThread(running.supervision, running.ports.instances, self._isolate)
        self._cron = CronClock(running.cron.run_due)
        self._stack = ExitStack()
        self._said = ''

    def start(self) -> None:
        """From now on what is to run runs."""
        if not self._running.ports.routed:
            log.warning(
                'HAProxy is not there or not wanted: instances get ports of their own on the loopback'
            )
        self._stack.enter_context(self._running.ports.router.supervised())
        self._supervisor.start()
        self._cron.start()
        self._running.disks.start()
        threading.Thread(target=self._prepare, name='prepare', daemon=True).start()

    def close(self) -> None:
        """Looks no more; all that runs runs on, but for the commands of people, who are cut off."""
        self._running.oneoffs.close(END_SECONDS)
        self._cron.close()
        self._running.disks.close()
        self._supervisor.close()
        self._stack.close()
        self._supervisor.join(LEAVE_SECONDS)

    def _isolate(self) -> None:
        """Says why instances are not kept apart, each time that the reason is another one."""
        why = self._running.ports.isolation.ensure()
        if why and why != self._said:
            log.warning('%s', why)
        self._said = why

    def _prepare(self) -> None:
        """What the first release would wait for."""
        try:
            removed = self._running.ports.oneoff.remove_left()
            if removed:
                log.info('removed %d commands that a former daemon has left', removed)
            for stack in self._stacks():
                self._running.ports.images.prepare(stack)
        except GitReceiveError as error:
            log.warning('the engine is not prepared for releases: %s', error)


def remove_run_images(journal: Journal, running: Running) -> int:
    """Removes images of releases that neither run, nor are to, nor ran before; returns how many. Raises EngineGone."""
    needed: dict[AppName, set[int]] = {}

    def kept(app: AppName, version: int) -> bool:
        if app not in needed:
            needed[app] = _needed(journal, app)
        return version in needed[app]

    return running.ports.images.remove(kept)


def _needed(journal: Journal, app: AppName) -> set[int]:
    """What is live or to be, and what was live before: back to that is a matter of a moment."""
    live = journal.releases.live(app)
    found = journal.releases.of(app, -1)
    before = [each.version for each in found if each.state is ReleaseState.REPLACED]
    needed = {each.version for each in found if each.state in TO_BE} | set(before[:1])
    return needed | {live.version} if live else needed
