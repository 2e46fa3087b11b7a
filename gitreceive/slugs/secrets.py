"""Keeps secrets out of slugs: ``.env`` files, private keys, ``.git`` directories, and the values of config vars."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import IO

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from gitreceive.model.app import AppName
from gitreceive.model.errors import SecretError
from gitreceive.model.progress import Cancellation
from gitreceive.model.text import path_text
from gitreceive.slugs.configsecrets import secret_forms
from gitreceive.slugs.ports import SlugEntry, SlugReader

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

KEY_TOLD = 'a private key'
KEY_BYTES = 512
"""More than such a header with the beginning of its key."""

SHOWN = 10
MOST = 1000
"""Findings after which nothing more is read: a build may make millions of files."""

REMEDY = (
    'Take it out of the commit (config vars are the place for it; it stays in git, so change it too). '
    'If it may be there: "allow {app} {path}", and push again'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRules:
    """What an app's slugs must not hold: ``forms`` from ``secret_forms``; ``allowed`` are paths where all is fine."""

    app: AppName
    forms: Mapping[bytes, str]
    allowed: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Another one for other rules: a chunk that passed under the same digest passes again."""
        parts = [RULES.encode(), *sorted(self.forms), b'', *(path.encode() for path in sorted(self.allowed))]
        return hashlib.sha256(b''.join(b'%d:%s' % (len(part), part) for part in parts)).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class SecretFinding:
    """A path (``/app/src/.env``) and what is wrong with it. Never the secret itself."""

    path: str
    what: str


def scan_rules(app: AppName, config: Mapping[str, str], allowed: Sequence[str]) -> ScanRules:
    """The rules for an app with these config vars."""
    return ScanRules(app=app, forms=secret_forms(config), allowed=tuple(allowed))


def find_secrets(
    stream: IO[bytes], rules: ScanRules, reader: SlugReader, cancellation: Cancellation
) -> list[SecretFinding]:
    """What must not leave with a slug, or with the one chunk of it that ``stream`` holds: all of it, or ``MOST``.

    Reads it once, in pieces.
    """
    search = _Search(rules.forms)
    found: set[SecretFinding] = set()
    for entry, pieces in reader.entries(stream):
        cancellation.check()
        if repository := REPOSITORY.match(entry.name):
            wrong = [SecretFinding('/' + repository[0], 'a .git directory, with all of the history')]
        else:
            wrong = [
                SecretFinding('/' + entry.name, what) for what in search.through(entry, pieces, cancellation)
            ]
        found |= {finding for finding in wrong if not _allowed(finding.path, rules.allowed)}
        if len(found) >= MOST:
            break
    return sorted(found)


def refuse_secrets(findings: Sequence[SecretFinding], app: AppName, remedy: str = REMEDY) -> None:
    """Raises SecretError that names the paths, if there are any, and what to do; ``{path}`` there is the first."""
    if not findings:
        return
    shown = [f'{path_text(finding.path)}: {finding.what}' for finding in findings[:SHOWN]]
    least = 'at least ' if len(findings) >= MOST else ''
    more = [f'... and {least}{len(findings) - SHOWN} more'] if len(findings) > SHOWN else []
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

    That there is none of them, as in nearly every file, is known quickly; where there is one, each word is looked for
    alone: what overlaps is found then, and a file that is full of words costs no more memory than another one.
    """

    def __init__(self, forms: Mapping[bytes, str]) -> None:
        self._told = {form: f'the value of the config var {name}' for form, name in forms.items()}
        words = [*KEY_MARKS, *forms]
        self._any = BytesAhoCorasick(words, MatchKind.LeftmostFirst)
        self._overlap = max(KEY_BYTES, *map(len, words))

    def through(self, entry: SlugEntry, pieces: Iterable[bytes], cancellation: Cancellation) -> set[str]:
        """What is wrong with a file."""
        tail, own, found = b'', _own(entry.name), set[str]()
        if own and entry.kind != 'directory' and ENV_FILE.fullmatch(entry.name.rpartition('/')[2]):
            found.add('a file of environment variables')
        for piece in pieces:
            cancellation.check()
            window = tail + piece if tail else piece
            if self._any.find_matches_as_indexes(window):
                found |= set(self._explained(window, own, found))
            tail = window[-self._overlap :]
        return found

    def _explained(self, window: bytes, own: bool, known: Set[str]) -> Iterator[str]:
        """What was not ``known`` before."""
        if own and KEY_TOLD not in known and KEY.search(window):
            yield KEY_TOLD
        for form, told in self._told.items():
            if told not in known and form in window:
                yield told


def _own(name: str) -> bool:
    """Whether this is the app's own, and not a dependency's."""
    return name.startswith(CODE) and DEPENDENCIES.isdisjoint(name.split('/'))


def _allowed(path: str, allowed: Sequence[str]) -> bool:
    return any(path == place or path.startswith(place + '/') for place in allowed)
