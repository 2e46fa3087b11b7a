"""requirements.txt: the files that it includes, the packages that it names, and whether it needs the code."""

import re
from collections.abc import Iterator

from gitreceive.build.appfiles.manifest import plain_path, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

MOST_INCLUDES = 50

INCLUDE = re.compile(r'(?:-r|-c|--requirement|--constraint)(?:\s+|=|(?<=-[rc]))(.+)')
LOCAL = re.compile(
    r'(?:-e|--editable|-f|--find-links)\b|[./~]|[\w.+-]+\.(?:whl|zip|tar\.gz)$|[\w./+-]+/[\w./+-]*$|.*@\s*file:|file:'
)
NAME = re.compile(r'([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]{0,200}\])?')
CONFLICT = re.compile(r'(<{7}|={7}|>{7})( |$)')


class Requirements:
    """requirements.txt and the files that it includes. ``names`` are the packages in lower case, with "-"."""

    def __init__(self, source: Source) -> None:
        self.files: list[str] = []
        self.names: dict[str, str] = {}
        self.needs_tree = False
        self._source = source
        self._take('requirements.txt')

    def _take(self, path: str) -> None:
        if path in self.files:
            return
        if len(self.files) >= MOST_INCLUDES:
            raise DetectError(f'requirements.txt includes more than {MOST_INCLUDES} files: put them together')
        self.files.append(path)
        for number, line in _lines(read_text(self._source, path)):
            if CONFLICT.match(line):
                raise DetectError(
                    f'{path}, line {number}: a merge conflict marker; resolve the conflict and commit the result'
                )
            self._line(path, number, line)

    def _line(self, path: str, number: int, line: str) -> None:
        include = INCLUDE.match(line)
        if include:
            self._include(path, number, include[1].strip().strip('"\''))
        elif LOCAL.match(line):
            self.needs_tree = True
        elif not line.startswith('-') and (name := NAME.match(line)):
            self.names[normal(name[1])] = name[2] or ''

    def _include(self, path: str, number: int, target: str) -> None:
        if '://' in target:
            return
        folder = path.rpartition('/')[0]
        joined = _joined(folder, target)
        if not joined or not plain_path(joined):
            self.needs_tree = True
        elif not self._source.exists(joined):
            shown = ascii(target[:80])[1:-1]
            raise DetectError(
                f'{path}, line {number} includes {shown}, which is not in the commit: add it, or remove the line'
            )
        else:
            self._take(joined)


def normal(name: str) -> str:
    """A package's name as all tools compare it (PEP 503)."""
    return re.sub('[-_.]+', '-', name).lower()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first: ``\\`` at the end joins, ``#`` after a blank begins a comment."""
    held, first = '', 1
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if held else number
        if line.endswith('\\') and not line.lstrip().startswith('#'):
            held += line[:-1] + ' '
            continue
        found = re.sub(r'(^|\s)#.*', '', held + line).strip()
        held = ''
        if found:
            yield first, found
    if held.strip():
        yield first, held.strip()


def _joined(folder: str, target: str) -> str:
    """``target`` seen from ``folder``, or an empty string if that leaves the tree."""
    parts = folder.split('/') if folder else []
    for part in target.split('/'):
        if part == '..':
            if not parts:
                return ''
            parts.pop()
        elif part not in ('', '.'):
            parts.append(part)
    return '' if target.startswith('/') else '/'.join(parts)
