"""Makes text of any origin harmless before a terminal sees it."""

import os
import re
from collections.abc import Iterator

ESCAPES = re.compile(
    r'\x1b\[[0-?]*[ -/]*[@-~]'  # CSI: colours, cursor (ECMA-48 5.4)
    r'|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?'  # OSC, DCS, SOS, PM, APC: titles, clipboards (ECMA-48 8.3)
    r'|\x1b[ -/]*[0-~]?'  # everything else that ESC begins
)
UNSEEN = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]')
"""Control characters (C0 but tab and newline, DEL, C1) and those that turn the reading direction round."""

MAX_LINE = 10_000
"""Bytes of a line that are kept."""

CUT = ' [the rest of this line was cut]'


def harmless(text: str) -> str:
    """``text`` without escape sequences and control characters; a ``\\r`` keeps what came after it, as a screen would."""
    lines = (_after_return(line) for line in text.split('\n'))
    return '\n'.join(UNSEEN.sub('', ESCAPES.sub('', line)) for line in lines)


def decoded(raw: bytes) -> str:
    """Bytes of any origin as harmless text; what is not UTF-8 is shown as U+FFFD."""
    return harmless(raw.decode('utf-8', 'replace'))


def path_text(path: str) -> str:
    """A path of the file system, in which any byte may stand, as harmless text on one line."""
    return decoded(os.fsencode(path)).replace('\n', '\ufffd')


def bounded(line: str, limit: int = MAX_LINE) -> str:
    """``line``, or its beginning and a mark that says that there was more."""
    marked = line.endswith(CUT) and len(line) <= limit + len(CUT)
    return line if len(line) <= limit or marked else line[:limit] + CUT


def shortened(text: str, limit: int) -> str:
    """``text``, or of a longer one the beginning and the end, ``limit`` characters in all."""
    return text if len(text) <= limit else f'{text[: limit // 2]}...{text[-limit // 2 :]}'


def wrapped(line: str, limit: int) -> Iterator[str]:
    """``line`` in pieces of at most ``limit`` bytes of UTF-8; no character is cut."""
    while len(line.encode()) > limit:
        piece = line.encode()[:limit].decode('utf-8', 'ignore')
        yield piece
        line = line[len(piece) :]
    yield line


def megabytes(size: int) -> str:
    """``31.2 MB``: decimal megabytes, with three digits for what is small."""
    return f'{size / 1e6:.1f} MB' if size >= 100_000 else f'{size / 1e6:.3f} MB'


def signed_megabytes(size: int) -> str:
    """``+31.2 MB``, ``-0.012 MB``."""
    return ('-' if size < 0 else '+') + megabytes(abs(size))


def _after_return(line: str) -> str:
    return line.rstrip('\r').rpartition('\r')[2]
