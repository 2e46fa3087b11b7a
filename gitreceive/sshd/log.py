"""The SSH server's log: one JSON object in a line, at most 512 bytes, with nothing raw of a client's in it."""

import json
import os
import time
from datetime import UTC, datetime

MAX_TEXT = 120
"""Characters that are kept of a word, after escaping."""

MAX_LINE = 512

Word = str | int | float | None


class Log:
    """Writes to a descriptor, one ``write`` for each line, from any thread."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor

    def write(self, event: str, **words: Word) -> None:
        """Logs an event. A log that cannot be written stops nothing."""
        try:
            os.write(self._descriptor, line(event, time.time(), words))
        except OSError:
            pass


def line(event: str, now: float, words: dict[str, Word]) -> bytes:
    """The line, with its newline."""
    record: dict[str, Word] = {
        'at': datetime.fromtimestamp(now, UTC).isoformat(timespec='milliseconds'),
        'event': event,
    }
    for name, word in words.items():
        record[name] = harmless(word) if isinstance(word, str) else word
        if len(json.dumps(record)) >= MAX_LINE:
            del record[name]
    return json.dumps(record).encode() + b'\n'


def harmless(text: str) -> str:
    """ASCII only, control characters escaped, cut off."""
    shown = text[: MAX_TEXT + 1].encode('unicode_escape').decode('ascii')
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 3] + '...'
