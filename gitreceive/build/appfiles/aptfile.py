"""Reads an Aptfile: the Debian packages that an app needs where it runs, one a line.

The format is that of Heroku's apt buildpack (https://github.com/heroku/heroku-buildpack-apt).
"""

import re

from gitreceive.build.appfiles.manifest import CONFLICT, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

FILE = 'Aptfile'
MOST = 200
PACKAGE = re.compile(r'[a-z0-9][a-z0-9+.-]{1,100}(?::[a-z0-9]{2,10})?(?:=[A-Za-z0-9.+:~-]{1,100})?', re.ASCII)
"""Debian Policy, 5.6.1 and 5.6.12: a name, perhaps an architecture, perhaps a version."""

INSTEAD = (
    (
        ':repo:',
        'other archives are not used, since they may replace any package; put what it has into a Dockerfile',
    ),
    ('http://', 'packages are fetched by name; put the file into a Dockerfile'),
    ('https://', 'packages are fetched by name; put the file into a Dockerfile'),
    ('-', 'options of apt-get are not passed on; leave the line out'),
)


def read_aptfile(source: Source) -> tuple[str, ...]:
    """The packages that the app asks for, sorted, each once; none without an Aptfile.

    Raises DetectError, with the line's number, for anything else: an address, an option, a word of a shell.
    """
    if not source.exists(FILE):
        return ()
    found: set[str] = set()
    for number, line in enumerate(map(str.strip, read_text(source, FILE).splitlines()), start=1):
        if not line or line.startswith('#'):
            continue
        if CONFLICT.match(line):
            raise _error(number, 'a merge conflict marker; resolve the conflict and commit the result')
        found.update(_packages(line.partition(' #')[0], number))
        if len(found) > MOST:
            raise _error(number, f'more than {MOST} packages; remove some')
    return tuple(sorted(found))


def _packages(line: str, number: int) -> list[str]:
    """Several on one line are as good as one on each."""
    for begin, instead in INSTEAD:
        if line.startswith(begin):
            raise _error(number, f'{ascii(line[:60])}: {instead}')
    words = line.split()
    for word in words:
        if not PACKAGE.fullmatch(word):
            raise _error(number, f'{ascii(word[:60])} is not the name of a Debian package')
    return words


def _error(number: int, text: str) -> DetectError:
    return DetectError(f'{FILE}, line {number}: {text}')
