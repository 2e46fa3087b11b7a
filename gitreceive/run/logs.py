"""What the instances of an app print: merged by time, and followed while instances come and go."""

import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice

from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.instance import Instance, InstanceName, LogLine
from gitreceive.run.following import (
    AGAIN_SECONDS,
    MOST_FOLLOWED,
    Following,
    Mask,
    News,
    Seen,
    SharedChanges,
)
from gitreceive.run.ports import Instances, Observed

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Lines of before that are handed on together."""

MOST_HELD = 10_000_000
"""Characters of the last lines that are held until the newest of them is known."""

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


class InstanceLogs:
    """The logs of one engine's instances. Thread-safe."""

    def __init__(self, instances: Instances, observed: Observed, most: int = MOST_FOLLOWED) -> None:
        self._instances, self._observed = instances, observed
        self._places = threading.BoundedSemaphore(most)
        self._changes = SharedChanges(instances)

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
        news = News()
        with self._changes.listening(app, news.change), when_gone(news.end):
            following = Following(self._observed, self._places, news, mask)
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
                following.end()

    def _look(self, app: AppName, wanted: Selection, following: Following, news: News) -> None:
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
        self, found: Sequence[Instance], wanted: Selection, mask: Mask, seen: dict[str, Seen]
    ) -> Iterator[LogLine]:
        for one in found:
            seen[one.id] = Seen(wanted.since)
        streams = [self._read(one, wanted, mask(one), seen[one.id]) for one in found]
        merged = heapq.merge(*streams, key=lambda line: line.at)
        return merged if wanted.last < 0 else iter(_last(merged, wanted.last))

    def _read(
        self, one: Instance, wanted: Selection, masked: Callable[[str], str], seen: Seen
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
