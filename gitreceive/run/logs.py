"""What the instances of an app print: merged by time, and followed while instances come and go."""

import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError, TooMany
from gitreceive.model.instance import Instance, InstanceName, LogLine
from gitreceive.run.ports import Instances, Observed

log = logging.getLogger(__name__)

MOST_FOLLOWED = 500
"""Instances that are followed at once, by all readers together: each takes a thread and a connection to the engine."""

MOST_WAITING = 1000
"""Lines that wait for a reader; then its instances are read no further."""

AT_ONCE = 200
"""Lines of before that are handed on together."""

MOST_HELD = 10_000_000
"""Characters of the last lines that are held until the newest of them is known."""

AGAIN_SECONDS = 5.0
"""After an error of the engine it is asked again."""

Mask = Callable[[Instance], Callable[[str], str]]
"""What hides secrets in the lines of an instance."""

WhenGone = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""While it lasts, what it is given is called when the reader goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which lines: of these process types or instances (none: of all), from a time on, at most the ``last`` (-1: all)."""

    processes: tuple[str, ...] = ()
    since: float = 0.0
    last: int = -1

    def has(self, name: InstanceName) -> bool:
        """Whether an instance is among them."""
        return not self.processes or name.process in self.processes or str(name) in self.processes


@dataclass(slots=True)
class _Seen:
    """How far the log of an instance was read: to a moment, and which lines of that moment there were."""

    at: float
    texts: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)

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


class InstanceLogs:
    """The logs of one engine's instances. Thread-safe."""

    def __init__(self, instances: Instances, observed: Observed, most: int = MOST_FOLLOWED) -> None:
        self._instances, self._observed = instances, observed
        self._places = threading.BoundedSemaphore(most)
        self._changes = _SharedChanges(instances)

    def there_are(self, app: AppName) -> bool:
        """Whether the app has an instance, also one that has ended. Raises EngineGone."""
        return bool(self._instances.find(app))

    def past(self, app: AppName, wanted: Selection, mask: Mask) -> Iterator[LogLine]:
        """What was printed, by time. Raises EngineGone."""
        return self._past(self._find(app, wanted), wanted, mask, {})

    def follow(
        self, app: AppName, wanted: Selection, mask: Mask, when_gone: WhenGone
    ) -> Iterator[Sequence[LogLine]]:
        """What was printed and then what is, as it comes, until the reader goes. Raises EngineGone or TooMany."""
        news = _News()
        with self._changes.listening(app, news.change), when_gone(news.end):
            following = _Following(self._observed, self._places, news, mask)
            try:
                found = self._find(app, wanted)
                past = self._past(found, wanted, mask, following.seen)
                while lines := list(islice(past, AT_ONCE)):
                    yield lines
                while (came := news.wait()) is not None:
                    if came:
                        yield came
                    else:
                        self._look(app, wanted, following, news)
            finally:
                news.end()

    def _look(self, app: AppName, wanted: Selection, following: '_Following', news: '_News') -> None:
        try:
            found = self._find(app, wanted)
        except GitReceiveError as error:
            log.info('the log of %s is not followed for the moment: %s', app, error)
            news.change_in(AGAIN_SECONDS)
            return
        for instance in found:
            following.begin(instance)

    def _find(self, app: AppName, wanted: Selection) -> list[Instance]:
        return [one for one in self._instances.find(app) if wanted.has(one.name)]

    def _past(
        self, found: Sequence[Instance], wanted: Selection, mask: Mask, seen: dict[str, '_Seen']
    ) -> Iterator[LogLine]:
        for one in found:
            seen[one.id] = _Seen(wanted.since)
        streams = [self._read(one, wanted, mask(one), seen[one.id]) for one in found]
        merged = heapq.merge(*streams, key=lambda line: line.at)
        return merged if wanted.last < 0 else iter(_last(merged, wanted.last))

    def _read(
        self, one: Instance, wanted: Selection, masked: Callable[[str], str], seen: _Seen
    ) -> Iterator[LogLine]:
        last = wanted.last if wanted.last else 1  # one that is not shown says how far the log goes
        for line in self._observed.logs(one, since=wanted.since, last=last):
            seen.note(line)
            yield replace(line, text=masked(line.text))


def _last(lines: Iterator[LogLine], count: int) -> deque[LogLine]:
    """The last of them, as far as there is room."""
    held, size = deque[LogLine](), 0
    for line in lines:
        held.append(line)
        size += len(line.text)
        while len(held) > count or size > MOST_HELD:
            size -= len(held.popleft().text)
    return held


class _News:
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


@dataclass(slots=True)
class _Following:
    """The instances that one reader follows, each in a thread."""

    observed: Observed
    places: threading.BoundedSemaphore
    news: _News
    mask: Mask
    seen: dict[str, _Seen] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)

    def begin(self, instance: Instance) -> None:
        """Follows an instance from where its log was read to, once for each start of its process. Raises TooMany."""
        if self.begun.get(instance.id) == instance.since:
            return
        if not self.places.acquire(blocking=False):
            raise TooMany(
                f'{MOST_FOLLOWED} instances are followed here, and no more are at once: name one with --process'
            )
        self.begun[instance.id] = instance.since
        seen = self.seen.setdefault(instance.id, _Seen(0.0))
        try:
            threading.Thread(target=self._read, args=(instance, seen), daemon=True).start()
        except RuntimeError:
            self.places.release()
            raise

    def _read(self, instance: Instance, seen: _Seen) -> None:
        masked = self.mask(instance)
        try:
            seen.again()
            with self.observed.follow(instance, max(0.0, seen.at - 0.001)) as lines:
                for line in lines:
                    if seen.is_new(line) and not self.news.put(replace(line, text=masked(line.text))):
                        return
        except GitReceiveError as error:
            log.info('%s of %s is not followed for the moment: %s', instance.name, instance.app, error)
            self.begun.pop(instance.id, None)
            self.news.change_in(AGAIN_SECONDS)
        finally:
            self.places.release()
            self.news.change()


class _SharedChanges:
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
