"""Settles what was announced and never went on: it is queued if its ref has moved, dropped if it has not."""

import logging
import time
from contextlib import suppress

from gitreceive.config.home import Home
from gitreceive.daemon.queue import Queue
from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.operation import Deploy, Operation, OperationState
from gitreceive.model.push import RefUpdate
from gitreceive.repositories import read_ref

log = logging.getLogger(__name__)

MOVES_WITHIN = 600.0
"""Seconds: a git that has not moved its refs so long after pre-receive no longer does."""


def settle_session(
    app: AppName, session: str, journal: Journal, queue: Queue, home: Home
) -> Operation | None:
    """What became of the push of a session whose git has ended; None if it moved no deploy branch.

    Raises StateError.
    """
    found = journal.operations.of_session(app, session)
    if found is None or found.state is not OperationState.ANNOUNCED:
        return found
    return _settle(found, journal, queue, home, ended=True)


def settle_all(journal: Journal, queue: Queue, home: Home) -> None:
    """Settles everything, as far as can be known: a git that still runs may move its refs in a moment."""
    for operation in journal.operations.announced():
        with suppress(GitReceiveError, OSError):
            ended = time.time() - operation.created > MOVES_WITHIN
            _settle(operation, journal, queue, home, ended=ended)


def _settle(
    operation: Operation, journal: Journal, queue: Queue, home: Home, *, ended: bool
) -> Operation | None:
    if _moved(operation, journal, home):
        log.info('operation %d was announced and its ref has moved: it is queued', operation.number)
        return queue.start(operation.number)
    if ended:
        journal.operations.drop(operation.number)
        return None
    return operation


def _moved(operation: Operation, journal: Journal, home: Home) -> bool:
    """Whether this push moved the deploy branch: it is there, or a later push went on from there."""
    app, update = operation.app, _update(operation)
    accepted = [each for each in journal.operations.of(app, 100) if isinstance(each.request, Deploy)]
    if any(_is_the_same_push(each, operation) for each in accepted):
        return False
    others = [*accepted, *journal.operations.announced(app)]
    if any(each.number > operation.number and _update(each).old == update.new for each in others):
        return True
    return read_ref(home.repo(app), update.ref) == update.new


def _is_the_same_push(accepted: Operation, operation: Operation) -> bool:
    """Of two pushes of one update at once git lets one move the ref: the one that was accepted."""
    before = accepted.finished is not None and accepted.finished < operation.created
    return _update(accepted) == _update(operation) and not before


def _update(operation: Operation) -> RefUpdate:
    assert isinstance(operation.request, Deploy)
    return operation.request.update
