"""Commits, and the refs that a push moves."""

import re
from dataclasses import dataclass
from typing import NewType

from gitreceive.model.errors import BadCommand

Commit = NewType('Commit', str)

COMMIT = re.compile(r'[0-9a-f]{40}')

NO_COMMIT = Commit('0' * 40)
"""What git writes for "this ref does not exist" (githooks(5), pre-receive)."""


def parse_commit(text: str) -> Commit:
    """``text`` as a full SHA-1 object name. Raises BadCommand otherwise."""
    if not COMMIT.fullmatch(text):
        raise BadCommand(f'{ascii(text[:50])} is not a commit: 40 hexadecimal digits are expected')
    return Commit(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One line of a hook's standard input: ``old new ref``."""

    old: Commit
    new: Commit
    ref: str

    @property
    def deletes(self) -> bool:
        """Whether the push removes the ref."""
        return self.new == NO_COMMIT
