"""What to do about git's own refusals, where git names the fault alone. Pure."""

import re

REMEDIES = {
    b'shallow update not allowed': (
        'this is a shallow clone, and its history is not here: "git fetch --unshallow" (in CI: fetch-depth: 0)'
    ),
    b'deny updating a hidden ref': 'only branches and tags are kept here',
    b'failed to update ref': (
        'another push moves this ref, or one that was killed has left it locked; push again in a moment'
    ),
    b'funny refname': 'invalid ref name ("git check-ref-format" says which are valid)',
}
"""By the words of git's report (builtin/receive-pack.c)."""

UNPACKER = b'unpacker error'
"""What git's report says of each ref when it refuses the whole pack; the cause is in what it printed before."""

FAULT = re.compile(rb'error: object ([0-9a-f]{40}): (\w+): ([^\n]*)')
FATAL = re.compile(rb'fatal: ([^\n]+)')


class Complaints:
    """What git prints while it takes a pack: the first fault of an object, or else the last fatal error."""

    def __init__(self) -> None:
        self._fault = self._fatal = ''

    def take(self, text: bytes) -> None:
        """More of it. A line that comes in two pieces is not understood, and then not told."""
        if not self._fault and (found := FAULT.search(text)):
            name, fault, about = (part.decode(errors='replace') for part in found.groups())
            self._fault = f'{fault} ({about.strip()}) in object {name[:10]}; push a history without it'
        elif found := FATAL.search(text):
            self._fatal = found[1].decode(errors='replace').strip()

    def remedy(self, reason: bytes) -> str | None:
        """What to say instead of git's reason; None if that says it all."""
        if reason == UNPACKER:
            return self._fault or self._fatal or None
        return REMEDIES.get(reason)
