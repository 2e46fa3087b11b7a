"""Instances that come and go, followed by one reader: each in a thread, with what waits for the reader bounded."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace

from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError, TooMany
from gitreceive.model.instance import Instance, LogLine
from gitreceive.run.ports import Instances, Observed

log = logging.getLogger(__name__)

MOST_FOLLOWED = 500
"""Instances that are followed at once, by all readers together: each takes a thread and a connection to the engine."""

MOST_WAITING = 1000
"""Lines that wait for a reader; then its instances are read no further."""

AGAIN_SECONDS = 5.0
"""After an error of the engine it is asked again."""

Mask = Callable[[Instance], Callable[[str], str]]
"""What hides secrets in the lines of an instance."""


@dataclass(slots=True)
class Seen:
    """How far the log of an instance was read: to a moment, and which lines of that moment there were."""

    at: float
    texts: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, line: LogLine) -> None:
        """It was read."""
        if line.at != self.at:
            self.at, self.texts = line.at, []
        self.texts.append(line.text)

    def again(self) -> None:
        """The log is read again from ``at`` on."""
        self.skip = list(self.texts)

    def is_new(self, line: LogLine) -> bool:
        """Whether a line comes after what was read; now it was read, too."""
        if line.at < self.at:
            return False
        if line.at == self.at and self.skip:
            if line.text in self.skip:
                self.skip.remove(line.text)
            return False
        self.note(line)
        return True


class News:
    """Lines on their way to a reader, and that something has changed."""

    def __init__(self) -> None:
        self._bell = threading.Condition()
        self._lines: deque[LogLine] = deque()
        self._changed, self._over = True, False

    def put(self, line: LogLine) -> bool:
        """Waits until there is room. False: the reader has gone."""
        with self._bell:
            self._bell.wait_for(lambda: self._over or len(self._lines) < MOST_WAITING)
            self._lines.append(line)
            self._bell.notify_all()
            return not self._over

    def change(self) -> None:
        """The instances are to be looked at."""
        with self._bell:
            self._changed = True
            self._bell.notify_all()

    def change_in(self, seconds: float) -> None:
        """The same, after a while."""
        timer = threading.Timer(seconds, self.change)
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """The reader has gone."""
        with self._bell:
            self._over = True
            self._bell.notify_all()

    def wait(self) -> list[LogLine] | None:
        """The lines that came; none if something has changed; None when the reader has gone."""
        with self._bell:
            self._bell.wait_for(lambda: self._over or self._lines or self._changed)
            if self._over:
                return None
            lines = list(self._lines)
            self._lines.clear()
            if not lines:
                self._changed = False
            self._bell.notify_all()
            return lines


class _Reading:
    """A log that is followed in one thread and closed by another, once."""

    def __init__(self, context: AbstractContextManager[Iterator[LogLine]]) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._open = True
        self.lines = context.__enter__()

    def close(self) -> None:
        """Lets whoever reads come to the end."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            with suppress(GitReceiveError):
                self._context.__exit__(None, None, None)


@dataclass(slots=True)
class Following:
    """The instances that one reader follows, each in a thread."""

    observed: Observed
    places: threading.BoundedSemaphore
    news: News
    mask: Mask
    seen: dict[str, Seen] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    readings: dict[str, _Reading] = field(default_factory=dict)

    def begin(self, instance: Instance) -> None:
        """Follows an instance from where its log was read to, once for each start of its process. Raises TooMany."""
        if self.begun.get(instance.id) == instance.since:
            return
        if not self.places.acquire(blocking=False):
            raise TooMany(
                f'{MOST_FOLLOWED} instances are followed here, and no more are at once: name one with --process'
            )
        try:
            self._begin(instance)
        except BaseException as error:
            self.places.release()
            if not isinstance(error, GitReceiveError):
                raise
            self._failed(instance, error)

    def end(self) -> None:
        """Follows nothing from now on."""
        for reading in list(self.readings.values()):
            reading.close()

    def _begin(self, instance: Instance) -> None:
        seen = self.seen.setdefault(instance.id, Seen(0.0))
        self.begun[instance.id] = instance.since
        reading = _Reading(self.observed.follow(instance, max(0.0, seen.at - 0.001)))
        with seen.lock:  # a reading of before, which has not come to its end, ends here
            seen.again()
            former = self.readings.get(instance.id)
            self.readings[instance.id] = reading
        if former:
            former.close()
        try:
            threading.Thread(
                target=self._read, args=(instance, seen, reading), name=f'follow {instance.name}', daemon=True
            ).start()
        except RuntimeError:
            reading.close()
            raise

    def _read(self, instance: Instance, seen: Seen, reading: _Reading) -> None:
        masked = self.mask(instance)
        try:
            for line in reading.lines:
                with seen.lock:
                    if self.readings.get(instance.id) is not reading:
                        return
                    is_new = seen.is_new(line)
                if is_new and not self.news.put(replace(line, text=masked(line.text))):
                    return
        except GitReceiveError as error:
            self._failed(instance, error)
        finally:
            reading.close()
            self.places.release()
            self.news.change()

    def _failed(self, instance: Instance, error: GitReceiveError) -> None:
        log.info('%s of %s is not followed for the moment: %s', instance.name, instance.app, error)
        self.begun.pop(instance.id, None)
        self.news.change_in(AGAIN_SECONDS)


class SharedChanges:
    """One stream of the engine's events for all readers, as long as there is one."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._lock = threading.Lock()
        self._listening: list[tuple[AppName, Callable[[], None]]] = []
        self._open: AbstractContextManager[None] | None = None

    @contextmanager
    def listening(self, app: AppName, wake: Callable[[], None]) -> Iterator[None]:
        """While it lasts, ``wake`` is called when instances of the app begin or end."""
        mine = (app, wake)
        with self._lock:
            if self._open is None:
                self._open = self._instances.changes(self._wake)
                self._open.__enter__()
            self._listening.append(mine)
        try:
            yield
        finally:
            with self._lock:
                self._listening.remove(mine)
                if not self._listening:
                    self._open.__exit__(None, None, None)
                    self._open = None

    def _wake(self, app: AppName) -> None:
        for other, wake in tuple(self._listening):
            if other == app:
                wake()
