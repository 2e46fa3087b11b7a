"""A worker: takes builds and rollbacks from the queue and carries them out, one after the other, until the queue closes."""

import errno
import logging
import threading
from collections.abc import Callable

from gitreceive.build.deploy import Line, deploy
from gitreceive.build.rollback import roll_back
from gitreceive.config.home import Home
from gitreceive.daemon.log import BuildLog
from gitreceive.daemon.queue import Queue
from gitreceive.journal import History
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, EngineGone, GitReceiveError, StateError
from gitreceive.model.push import NO_COMMIT, Build, BuildState, Commit
from gitreceive.points import point
from gitreceive.repositories import move_ref, point_head, read_ref

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 2
"""A build whose engine went away is tried once more, when the engine is back."""

AGAIN = '; it is built once more when the engine is back, unless something newer is pushed'

JOURNAL_RETRY_SECONDS = 1.0
"""A full disk must not leave a build that looks as if it ran for ever."""


class Interrupted(BuildCancelled):
    """The builder itself is ending: the build stays in the journal as running and is picked up at the next start."""


class Worker(threading.Thread):
    """One of the threads that build. ``on_end`` is called after each build, whatever became of it."""

    def __init__(self, queue: Queue, line: Line, on_end: Callable[[], None]) -> None:
        super().__init__(name='worker', daemon=True)
        self._queue, self._line, self._on_end = queue, line, on_end
        self._history, self._home, self._limits = line.history, line.home, line.limits

    def run(self) -> None:
        """Builds until the queue is closed. Whatever goes wrong in a build ends that build only."""
        while build := self._take():
            try:
                self._build(build)
            except Exception:
                log.exception('build %d: the worker itself failed', build.number)
                self._fail(
                    build, BuildState.FAILED, 'an error of the receiver itself; its own log has the details'
                )
            finally:
                self._queue.forget(build.number)
                self._on_end()

    def _take(self) -> Build | None:
        """The next build; on a full disk none can be marked running until there is room."""
        while self._queue.open:
            try:
                return self._queue.take()
            except StateError as error:
                log.error('no build can be started: %s; trying again', error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)
        return None

    def _build(self, build: Build) -> None:
        clock = BuildClock(self._limits.build_seconds)
        self._queue.register(build.number, clock)
        try:
            with BuildLog(self._home.log(build.number), self._limits.log_bytes) as console:
                make = deploy if build.push.restores is None else roll_back
                make(build, self._line, console, clock)
            settle_release(build, self._history, self._home)
        except Interrupted:
            log.info('build %d was interrupted and goes on after the restart', build.number)
        except BuildCancelled as error:
            self._fail(build, BuildState.CANCELLED, str(error))
        except EngineGone as error:
            again = build.attempt < MAX_ATTEMPTS
            self._fail(build, BuildState.FAILED, f'{error}{AGAIN if again else ""}')
            self._try_again(build)
        except GitReceiveError as error:
            self._fail(build, BuildState.FAILED, str(error))
        except OSError as error:
            self._fail(build, BuildState.FAILED, _disk_trouble(error))
        finally:
            clock.close()

    def _fail(self, build: Build, state: BuildState, cause: str) -> None:
        point('build.failed')
        while self._queue.open:
            try:
                self._set_back(build)
                self._history.finish(build.number, state, cause)
                return
            except StateError as error:
                log.error('build %d: %s; trying again', build.number, error)
                self._queue.wait(JOURNAL_RETRY_SECONDS)

    def _set_back(self, build: Build) -> None:
        """The deploy branch; a build also ends if its repository is gone."""
        try:
            move_back(build, self._history, self._home)
        except OSError as error:
            log.error('build %d: the deploy branch stays where it is: %s', build.number, error)
        point('ref.moved_back')

    def _try_again(self, build: Build) -> None:
        newer = self._history.builds(build.push.app, 1)[0].number > build.number
        if build.attempt < MAX_ATTEMPTS and not newer:
            self._queue.push(build.push, attempt=build.attempt + 1)


def settle_release(build: Build, history: History, home: Home) -> None:
    """After a release: the deploy branch names its commit, also if it had been set back meanwhile.

    After a rollback it may name what was pushed and not built; what is still to be built keeps it.
    """
    repo, ref = home.repo(build.push.app), build.push.update.ref
    before = [release.commit for release in history.releases(build.push.app, 2)[1:]]
    expected = before[0] if before else NO_COMMIT
    if build.push.restores is not None and not _waiting(build, history):
        expected = read_ref(repo, ref)
    move_ref(repo, ref, new=build.push.commit, expected=expected)
    point_head(repo, ref)


def _waiting(build: Build, history: History) -> bool:
    return any(each.push.app == build.push.app for each in history.live_builds())


def move_back(build: Build, history: History, home: Home) -> bool:
    """Sets the deploy branch back to what is live, unless it has moved on; True if it was moved."""
    current = history.current(build.push.app)
    live: Commit = current.commit if current else NO_COMMIT
    repo, ref = home.repo(build.push.app), build.push.update.ref
    if live == build.push.commit or read_ref(repo, ref) != build.push.commit:
        return False
    return move_ref(repo, ref, new=live, expected=build.push.commit)


def _disk_trouble(error: OSError) -> str:
    where = f' at {error.filename}' if error.filename else ''
    advice = '; make room on that file system, then push again' if error.errno == errno.ENOSPC else ''
    return f'{error.strerror}{where}{advice}'
