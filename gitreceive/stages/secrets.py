"""Keeps secrets out of slugs: ``.env`` files, private keys, ``.git`` directories, and the values of config vars."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from gitreceive.configsecrets import secret_forms
from gitreceive.errors import SecretError
from gitreceive.model import AppName
from gitreceive.ports import Cancellation, SlugEntry, SlugReader
from gitreceive.text import path_text

RULES = '1'
"""To be changed with the rules below: what was found clean before is read again then."""

CODE = 'app/src/'
DEPENDENCIES = frozenset({'node_modules', 'bower_components', 'site-packages', 'dist-packages', 'vendor'})
"""Directories of other people's code, which is full of the private keys of its tests. Nothing in there is the app's."""

REPOSITORY = re.compile(r'app/src/(?:.*?/)?\.git(?=/|$)', re.DOTALL)
ENV_FILE = re.compile(r'\.env|\.env(\.[\w-]+)?\.local')
"""``.env.example`` and its like are made to be read; ``.env.production`` is what bundlers put into public code."""

KEY_MARKS = (b'PRIVATE KEY', b'PuTTY-User-Key-File-')
KEY = re.compile(
    rb'-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[rn]){1,8}'
    rb'(?:[A-Za-z0-9+/]{40}|(?:Proc-Type|Version|Comment): )'
    rb'|PuTTY-User-Key-File-[23]: \S'
)
"""A header with a key behind it (RFC 7468, PROTOCOL.key of OpenSSH, RFC 9580), also in a string of JSON; not the header
alone, which stands in programs."""

KEY_BYTES = 512
"""More than such a header with the beginning of its key."""

SHOWN = 10

REMEDY = (
    'Take it out of the commit (config vars are the place for it; it stays in git, so change it too). '
    'If it may be there: "allow {app} {path}", and push again'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What an app's slugs must not hold: ``forms`` from ``secret_forms``; ``allowed`` are paths where all is fine."""

    app: AppName
    forms: Mapping[bytes, str]
    allowed: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Another one for other rules: a member that passed under the same digest passes again."""
        parts = [RULES.encode(), *sorted(self.forms), b'', *(path.encode() for path in sorted(self.allowed))]
        return hashlib.sha256(b''.join(b'%d:%s' % (len(part), part) for part in parts)).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A path (``/app/src/.env``) and what is wrong with it. Never the secret itself."""

    path: str
    what: str


def watch_for(app: AppName, config: Mapping[str, str], allowed: Sequence[str]) -> Watch:
    """The watch over an app with these config vars."""
    return Watch(app=app, forms=secret_forms(config), allowed=tuple(allowed))


def find_secrets(
    stream: IO[bytes], watch: Watch, reader: SlugReader, cancellation: Cancellation
) -> list[Finding]:
    """What must not leave with a slug, or with the one member of it that ``stream`` holds. Reads it once, in pieces."""
    search = _Search(watch.forms)
    found: set[Finding] = set()
    for entry, pieces in reader.entries(stream):
        cancellation.check()
        if repository := REPOSITORY.match(entry.name):
            found.add(Finding('/' + repository[0], 'a .git directory, with all of the history'))
        else:
            found |= {Finding('/' + entry.name, what) for what in search.through(entry, pieces)}
    return sorted(finding for finding in found if not _allowed(finding.path, watch.allowed))


def refuse_secrets(findings: Sequence[Finding], app: AppName, remedy: str = REMEDY) -> None:
    """Raises SecretError that names the paths, if there are any, and what to do; ``{path}`` there is the first."""
    if not findings:
        return
    shown = [f'{path_text(finding.path)}: {finding.what}' for finding in findings[:SHOWN]]
    more = [f'... and {len(findings) - SHOWN} more'] if len(findings) > SHOWN else []
    raise SecretError(
        '\n'.join(
            [
                'the slug would hold what looks secret:',
                *(f'  {line}' for line in (*shown, *more)),
                remedy.format(app=app, path=path_text(findings[0].path)),
            ]
        )
    )


class _Search:
    """Looks for many words at once, in what is read in pieces.

    ``_any`` says quickly that there is nothing, as in nearly every file; only ``_all`` sees words that overlap.
    """

    def __init__(self, forms: Mapping[bytes, str]) -> None:
        self._words = [*KEY_MARKS, *forms]
        self._told = [f'the value of the config var {name}' for name in forms.values()]
        self._any = BytesAhoCorasick(self._words, MatchKind.LeftmostFirst)
        self._all = BytesAhoCorasick(self._words)
        self._overlap = max(KEY_BYTES, *map(len, self._words))

    def through(self, entry: SlugEntry, pieces: Iterable[bytes]) -> Iterator[str]:
        """What is wrong with a file; the same thing may come more than once."""
        tail, own = b'', _own(entry.name)
        if own and entry.kind != 'directory' and ENV_FILE.fullmatch(entry.name.rpartition('/')[2]):
            yield 'a file of environment variables'
        for piece in pieces:
            window = tail + piece if tail else piece
            if self._any.find_matches_as_indexes(window):
                yield from self._explained(window, own)
            tail = window[-self._overlap :]

    def _explained(self, window: bytes, own: bool) -> Iterator[str]:
        for number, start, _ in self._all.find_matches_as_indexes(window, overlapping=True):
            if number >= len(KEY_MARKS):
                yield self._told[number - len(KEY_MARKS)]
            elif own and KEY.search(window, max(0, start - KEY_BYTES), start + KEY_BYTES):
                yield 'a private key'


def _own(name: str) -> bool:
    """Whether this is the app's own, and not a dependency's."""
    return name.startswith(CODE) and DEPENDENCIES.isdisjoint(name.split('/'))


def _allowed(path: str, allowed: Sequence[str]) -> bool:
    return any(path == place or path.startswith(place + '/') for place in allowed)
