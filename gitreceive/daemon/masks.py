"""Hides the values of config vars in what builds print."""

import re
from collections.abc import Callable, Iterable, Iterator

from gitreceive.journal import Journal
from gitreceive.model.app import AppName

SHORTEST = 8
"""Characters: a shorter value is a word that stands in many places, and hiding it would tell where it does."""

MASK = '********'


class Masks:
    """Masks the values of an app's config vars as they are at the moment: a build may set some itself."""

    def __init__(self, app: AppName, journal: Journal) -> None:
        self._app, self._journal = app, journal
        self._seen = -1
        self._pattern: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        """``text`` without these values."""
        if self._seen != self._journal.changes:
            self._seen = self._journal.changes
            self._pattern = pattern(self._journal.apps.config(self._app).values())
        return self._pattern.sub(MASK, text) if self._pattern else text


def masked_by(values: Iterable[str]) -> Callable[[str], str]:
    """What hides these values."""
    found = pattern(values)
    return (lambda text: found.sub(MASK, text)) if found else str


def pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds these values, and the single lines of longer ones; None if none is long enough. Pure."""
    hidden = {each for value in values for each in _spellings(value) if len(each) >= SHORTEST}
    longest_first = sorted(hidden, key=lambda each: (-len(each), each))
    return re.compile('|'.join(map(re.escape, longest_first))) if hidden else None


def _spellings(value: str) -> Iterator[str]:
    yield value.strip()
    for line in value.splitlines():
        yield line.strip()
