"""Which stack an app is built on: what app.json asks for, else what the app keeps, else the receiver's default. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Stack

CONTAINER = 'container'
"""Heroku's word for an app that is built by its own Dockerfile; it says nothing of a stack."""

ALIKE: Mapping[str, Sequence[str]] = {
    'heroku-18': ('cedar-12', 'cedar-13'),
    'heroku-20': ('cedar-12', 'cedar-13'),
    'heroku-22': ('cedar-12', 'cedar-13'),
    'heroku-24': ('cedar-13', 'cedar-12'),
    'heroku-26': ('cedar-13', 'cedar-12'),
}
"""Stacks of Heroku's, and what comes near to each: the languages of that time, the nearest first."""

NONE: Mapping[str, Stack] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The stacks that there are; ``default`` is that of new apps."""

    default: Stack
    others: Mapping[str, Stack] = field(default_factory=lambda: NONE)

    def choose(self, wanted: str, kept: str) -> Stack:
        """``wanted`` is app.json's word for it, ``kept`` the name of what the app is on; both may be empty.

        Raises DetectError for a stack that there is not, with those that there are.
        """
        if wanted and wanted != CONTAINER:
            return self._of(ALIKE.get(wanted, (wanted,)), f'"stack" in app.json is {wanted[:40]!r}')
        return self._of((kept,), f'the app is built on the stack {kept!r}') if kept else self.default

    def _of(self, names: Sequence[str], why: str) -> Stack:
        known = {**self.others, self.default.name: self.default}
        for name in names:
            if name in known:
                return known[name]
        raise DetectError(f'{why}, and there is no such stack here; there are: {", ".join(sorted(known))}')
