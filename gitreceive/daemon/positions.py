"""Tells those who wait how many operations are ahead of theirs."""

import logging

from gitreceive.daemon.log import Logs
from gitreceive.journal import Journal
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.operation import Deploy, Operation

log = logging.getLogger(__name__)


class Positions:
    """The positions in the queue of builds that were told last. ``parallel`` builds run at once."""

    def __init__(self, journal: Journal, logs: Logs, parallel: int) -> None:
        self._journal, self._logs, self._parallel = journal, logs, parallel
        self._told: dict[int, int] = {}

    def tell(self) -> None:
        """Writes into the log of each waiting build how many are ahead of it, when that has changed. Never raises."""
        try:
            self._tell()
        except (GitReceiveError, OSError) as error:
            log.error('the positions in the queue could not be written: %s', error)

    def _tell(self) -> None:
        active = self._journal.operations.active()
        running = {each.app: each for each in active if each.started}
        builds = sum(isinstance(each.request, Deploy) for each in running.values())
        waiting = [each for each in active if not each.started and isinstance(each.request, Deploy)]
        for position, build in enumerate(waiting):
            same, ahead = running.get(build.app), position + len(running)
            if (same is None and builds < self._parallel) or self._told.get(build.number) == ahead:
                continue
            self._told[build.number] = ahead
            with self._logs.open(build.number) as console:
                console.step(f'{build.title} waits, {ahead} ahead of it: {_why(same, builds)}')
        self._told = {each.number: self._told[each.number] for each in waiting if each.number in self._told}


def _why(same: Operation | None, builds: int) -> str:
    if same is None:
        return f'{builds} builds are running'
    return f'{same.name} of {same.app} is running'
