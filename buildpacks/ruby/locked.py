"""Gemfile.lock, as Bundler writes it."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import CONFLICT, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

GEMFILE, LOCK = 'Gemfile', 'Gemfile.lock'

GEM_LINE = re.compile(
    r' {4}(?P<name>[\w.-]{1,100}) \((?P<version>[\w.]{1,60})(?:-(?P<platform>[\w.-]{1,60}))?\)'
)
LOCKED_RUBY = re.compile(r'^RUBY VERSION\n\s+ruby (?P<version>\S{1,60}?)(?:p-?\d+)?$', re.MULTILINE)
BUNDLED = re.compile(r'^BUNDLED WITH\n\s+(?P<version>\S{1,60})$', re.MULTILINE)
PLATFORMS = re.compile(r'^PLATFORMS\n(?P<names>(?:  \S{1,60}(?:\n|\Z))+)', re.MULTILINE)
OURS = ('ruby', 'x86_64-linux', 'aarch64-linux', 'x86_64-linux-gnu', 'aarch64-linux-gnu')


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What Gemfile.lock says: versions of gems by name, the Ruby (empty if none), the Bundler that wrote it.

    ``sources`` are the gems that are locked as source, ``compiled`` the platforms that others, or the same, are locked for.
    """

    gems: Mapping[str, str]
    sources: Set[str]
    compiled: Mapping[str, Sequence[str]]
    ruby: str
    bundler: str
    checksums: bool

    @property
    def rails(self) -> bool:
        """Whether it is an app of Rails: some take its parts, without the gem that only depends on them."""
        return 'railties' in self.gems


def read_locked(source: Source) -> Locked:
    """What the lock file says. Raises DetectError for one that is missing or cannot be used here."""
    if not source.exists(LOCK):
        raise DetectError('there is no Gemfile.lock: run "bundle install" and commit it')
    text = read_text(source, LOCK).replace('\r\n', '\n')
    marker = CONFLICT.search(text)
    if marker:
        line = text.count('\n', 0, marker.start()) + 1
        raise DetectError(
            f'{LOCK}, line {line}: a merge conflict marker; resolve the conflict, run "bundle install" and commit the result'
        )
    platforms = PLATFORMS.search(text)
    if not platforms:
        raise DetectError(
            f'{LOCK} is not what Bundler writes (it has no PLATFORMS): delete it, run "bundle install" and commit it'
        )
    names = platforms['names'].split()
    if not set(OURS).intersection(names):
        shown = ascii(', '.join(names[:8]))[1:-1]
        raise DetectError(
            f'{LOCK} is for {shown} only: run "bundle lock --add-platform x86_64-linux" and commit it'
        )
    gems = [match for line in text.split('\n') if (match := GEM_LINE.fullmatch(line))]
    compiled: dict[str, list[str]] = {}
    for gem in gems:
        if gem['platform']:
            compiled.setdefault(gem['name'], []).append(gem['platform'])
    ruby, bundler = LOCKED_RUBY.search(text), BUNDLED.search(text)
    return Locked(
        gems={gem['name']: gem['version'] for gem in gems},
        sources=frozenset(gem['name'] for gem in gems if not gem['platform']),
        compiled=compiled,
        ruby=ruby['version'] if ruby else '',
        bundler=bundler['version'] if bundler else '',
        checksums='\nCHECKSUMS\n' in text,
    )
