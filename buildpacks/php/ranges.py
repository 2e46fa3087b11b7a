"""Ranges of versions as Composer writes them, in the words of npm's, which are nearly the same.

https://getcomposer.org/doc/articles/versions.md
"""

import re

from nodesemver import satisfies, valid_range

OF_TWO = re.compile(r'~\s*v?(\d+)\.(\d+)(?![\d.])')
"""``~7.3`` is up to 8 here, and up to 7.4 at npm."""

STABILITY = re.compile(r'@(?:dev|alpha|beta|RC|stable)\b|-dev\b')
PIPE = re.compile(r'\s*\|\|?\s*')
COMMA = re.compile(r'\s*,\s*')
UNEQUAL = re.compile(r'!=\s*\S+')


def admits(wanted: str, version: str) -> bool:
    """Whether a range admits an exact version; one that is not understood does, and Composer says what it thinks. Pure."""
    text = STABILITY.sub('', wanted)
    text = OF_TWO.sub(lambda match: f'>={match[1]}.{match[2]}.0 <{int(match[1]) + 1}.0.0', text)
    text = PIPE.sub(' || ', UNEQUAL.sub('', COMMA.sub(' ', text))).strip()
    return valid_range(text, False) is None or bool(satisfies(version, text or '*', False))
