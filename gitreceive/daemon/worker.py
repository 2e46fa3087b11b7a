"""A worker: takes operations from the queue and carries them out, one after the other, until the queue closes."""

import errno
import logging
import threading
from collections.abc import Callable, Mapping

from gitreceive.build.deploy import Line, deploy
from gitreceive.build.rollback import roll_back
from gitreceive.daemon.branch import follow_release, set_back
from gitreceive.daemon.log import BuildLog
from gitreceive.daemon.queue import Queue
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, EngineGone, GitReceiveError, StateError
from gitreceive.model.operation import Deploy, Operation, OperationRequest, OperationState, Rollback
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release
from gitreceive.points import point

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 2
"""A build whose engine went away is tried once more, when the engine is back."""

AGAIN = '; it is built once more when the engine is back, unless something newer is pushed'

JOURNAL_RETRY_SECONDS = 1.0
"""A full disk must not leave a build that looks as if it ran for ever."""


Handler = Callable[[Operation, Line, Console, Cancellation], Release]

HANDLERS: Mapping[type[OperationRequest], Handler] = {Deploy: deploy, Rollback: roll_back}


class Interrupted(BuildCancelled):
    """The builder itself is ending: the build stays in the journal as running and is picked up at the next start."""


class Worker(threading.Thread):
    """One of the threads that build. ``on_end`` is called after each build, whatever became of it."""

    def __init__(self, queue: Queue, line: Line, on_end: Callable[[], None]) -> None:
        super().__init__(name='worker', daemon=True)
        self._queue, self._line, self._on_end = queue, line, on_end
        self._journal, self._home, self._limits = line.journal, line.home, line.limits

    def run(self) -> None:
        """Builds until the queue is closed. Whatever goes wrong in a build ends that build only."""
        while operation := self._take():
            try:
                self._carry_out(operation)
            except Exception:
                log.exception('build %d: the worker itself failed', operation.number)
                self._fail(
                    operation,
                    OperationState.FAILED,
                    'an error of the receiver itself; its own log has the details',
                )
            finally:
                self._queue.forget(operation.number)
                self._on_end()

    def _take(self) -> Operation | None:
        """The next build; on a full disk none can be marked running until there is room."""
        while self._queue.open:
            try:
                return self._queue.take()
            except StateError as error:
                log.error('no build can be started: %s; trying again', error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)
        return None

    def _carry_out(self, operation: Operation) -> None:
        clock = BuildClock(self._limits.build_seconds)
        self._queue.register(operation.number, clock)
        try:
            with BuildLog(self._home.log(operation.number), self._limits.log_bytes) as console:
                HANDLERS[type(operation.request)](operation, self._line, console, clock)
            follow_release(operation, self._journal, self._home)
        except Interrupted:
            log.info('build %d was interrupted and goes on after the restart', operation.number)
        except BuildCancelled as error:
            self._fail(operation, OperationState.CANCELLED, str(error))
        except EngineGone as error:
            again = operation.attempt < MAX_ATTEMPTS
            self._fail(operation, OperationState.FAILED, f'{error}{AGAIN if again else ""}')
            self._try_again(operation)
        except GitReceiveError as error:
            self._fail(operation, OperationState.FAILED, str(error))
        except OSError as error:
            self._fail(operation, OperationState.FAILED, _disk_trouble(error))
        finally:
            clock.close()

    def _fail(self, operation: Operation, state: OperationState, cause: str) -> None:
        point('build.failed')
        while self._queue.open:
            try:
                self._set_back(operation)
                self._journal.operations.finish(operation.number, state, cause)
                return
            except StateError as error:
                log.error('build %d: %s; trying again', operation.number, error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)

    def _set_back(self, operation: Operation) -> None:
        """The deploy branch; a build also ends if its repository is gone."""
        try:
            set_back(operation, self._journal, self._home)
        except OSError as error:
            log.error('build %d: the deploy branch stays where it is: %s', operation.number, error)
        point('ref.moved_back')

    def _try_again(self, operation: Operation) -> None:
        newer = self._journal.operations.of(operation.app, 1)[0].number > operation.number
        if operation.attempt < MAX_ATTEMPTS and not newer:
            self._queue.submit(
                operation.app, operation.request, operation.actor, attempt=operation.attempt + 1
            )


def _disk_trouble(error: OSError) -> str:
    where = f' at {error.filename}' if error.filename else ''
    advice = '; make room on that file system, then push again' if error.errno == errno.ENOSPC else ''
    return f'{error.strerror}{where}{advice}'
