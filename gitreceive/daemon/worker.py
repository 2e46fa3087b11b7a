"""A worker: takes operations from the queue and carries them out, one after the other, until the queue closes."""

import errno
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from gitreceive.daemon.branch import follow_release, set_back
from gitreceive.daemon.destroy import destroy
from gitreceive.daemon.log import Logs
from gitreceive.daemon.masks import Masks
from gitreceive.daemon.queue import Queue, Taken
from gitreceive.daemon.rename import rename
from gitreceive.journal.operations import MAX_ATTEMPTS
from gitreceive.model.errors import BuildCancelled, EngineGone, GitReceiveError, StateError
from gitreceive.model.operation import Destroy, Operation, OperationState, Rename
from gitreceive.model.task import Task
from gitreceive.points import point
from gitreceive.repositories import keep_commit
from gitreceive.wiring.receiver import Handler, Receiver

log = logging.getLogger(__name__)

AGAIN = '; retrying once the engine is back, unless something newer is pushed'

UNEXPECTED = 'an error of the receiver itself; its own log has the details'

JOURNAL_RETRY_SECONDS = 1.0
"""A full disk must not leave an operation that looks as if it ran for ever."""


class Interrupted(BuildCancelled):
    """The daemon itself is ending: the operation goes back into the queue and is carried out after the next start."""


class Worker(threading.Thread):
    """One of the threads that carry operations out: those that build, or those that do not.

    ``on_end`` is called after each operation, whatever became of it.
    """

    def __init__(
        self, queue: Queue, receiver: Receiver, logs: Logs, on_end: Callable[[], None], *, builds: bool = True
    ) -> None:
        super().__init__(name='worker', daemon=True)
        self._queue, self._logs, self._on_end, self._builds = queue, logs, on_end, builds
        self._journal, self._home = receiver.journal, receiver.home
        destroying: Handler = partial(destroy, receiver=receiver)
        naming: Handler = partial(rename, receiver=receiver)
        self._handlers = {**receiver.handlers, Destroy: destroying, Rename: naming}

    def run(self) -> None:
        """Works until the queue is closed. Whatever goes wrong in an operation ends that operation only."""
        while taken := self._take():
            operation = taken.operation
            try:
                self._carry_out(taken, Masks(operation.app, self._journal))
            except Exception:
                log.exception('operation %d: the worker itself failed', operation.number)
                self._end(operation, OperationState.FAILED, UNEXPECTED)
            finally:
                self._queue.forget(operation.number)
                self._on_end()

    def _take(self) -> Taken | None:
        """The next operation; on a full disk none can be marked running until there is room."""
        while self._queue.open:
            try:
                return self._queue.take(builds=self._builds)
            except StateError as error:
                log.error('no operation can be started: %s; retrying', error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)
        return None

    def _carry_out(self, taken: Taken, masked: Masks) -> None:
        operation = taken.operation
        try:
            before = self._journal.releases.live(operation.app)
            with self._logs.open(operation.number, masked) as console:
                task = Task(operation=operation, console=console, cancellation=taken.clock)
                release = self._handlers[type(operation.request)](task)
            if release:
                keep_commit(self._home.repo(operation.app), release.version, release.commit)
                follow_release(operation, release, before, self._journal, self._home)
        except Interrupted:
            self._put_back(operation)
        except BuildCancelled as error:
            self._end(operation, OperationState.CANCELLED, str(error))
        except EngineGone as error:
            self._end(operation, OperationState.FAILED, masked(str(error)) + _again(operation))
            self._retry(operation)
        except GitReceiveError as error:
            self._end(operation, OperationState.FAILED, masked(str(error)))
        except OSError as error:
            self._end(operation, OperationState.FAILED, _disk_trouble(error))

    def _put_back(self, operation: Operation) -> None:
        """After an orderly end of the daemon this is no second attempt; if that cannot be written, it is one."""
        with suppress(StateError, OSError):
            self._journal.operations.requeue(operation.number)
            with self._logs.open(operation.number) as console:
                console.step(f'The receiver is restarted; {operation.name} starts again')
        log.info('operation %d was interrupted and goes on after the restart', operation.number)

    def _end(self, operation: Operation, state: OperationState, cause: str) -> None:
        """Ends an operation without a release; first the deploy branch is set back, for who follows may push again."""
        point('build.failed')
        while self._queue.open:
            try:
                self._set_back(operation)
                self._journal.operations.finish(operation.number, state, cause)
                return
            except StateError as error:
                log.error('operation %d: %s; retrying', operation.number, error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)

    def _set_back(self, operation: Operation) -> None:
        """An operation also ends if its repository is gone."""
        try:
            set_back(operation, self._journal, self._home)
        except OSError as error:
            log.error('operation %d: the deploy branch stays where it is: %s', operation.number, error)
        point('ref.moved_back')

    def _retry(self, operation: Operation) -> None:
        newer = self._journal.operations.of(operation.app, 1)[0].number > operation.number
        if operation.attempt < MAX_ATTEMPTS and not newer:
            attempt = operation.attempt + 1
            self._queue.submit(operation.app, operation.request, operation.actor, attempt=attempt)


def _again(operation: Operation) -> str:
    return AGAIN if operation.attempt < MAX_ATTEMPTS else ''


def _disk_trouble(error: OSError) -> str:
    where = f' at {error.filename}' if error.filename else ''
    advice = '; make room on that file system, then push again' if error.errno == errno.ENOSPC else ''
    return f'{error.strerror}{where}{advice}'
