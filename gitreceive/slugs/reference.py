"""What people call a slug: ``hello`` (the live one), ``hello:v7`` (a release), ``hello:b42`` (of a build), or a file."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.journal import Journal, open_journal
from gitreceive.model.app import parse_app_name
from gitreceive.model.errors import BadCommand, SlugError
from gitreceive.model.release import Release
from gitreceive.slugs.parts import Part, checksum, parts
from gitreceive.slugs.ports import Composing

NUMBERED = re.compile(r'(?P<app>[^:]*):(?P<kind>[vb])(?P<number>[1-9][0-9]{0,17})')


@dataclass(frozen=True, slots=True, kw_only=True)
class SlugReference:
    """A slug that was found: a file at ``path``, or that of ``release``. ``shown`` is what to call it.

    ``before`` is the release before it, ``env`` the config vars that it was released with.
    """

    shown: str
    path: Path | None = None
    release: Release | None = None
    before: Release | None = None
    env: Mapping[str, str] = field(default_factory=dict)


def find_slug(text: str, home: Home) -> SlugReference:
    """Raises SlugError or BadCommand, with what there is instead. A file needs no receiver on this host."""
    path = Path(text)
    if path.is_file():
        return SlugReference(shown=text, path=path)
    if '/' in text or text.endswith('.tgz'):
        raise SlugError(f'{text}: there is no such file')
    with closing(open_journal(home)) as journal:
        release = _release(text, journal)
        return SlugReference(
            shown=f'{release.app} v{release.version}',
            release=release,
            before=journal.releases.get(release.app, release.version - 1),
            env=journal.releases.config(release),
        )


def parts_of(reference: SlugReference, storage: Composing) -> Sequence[Part]:
    """What the slug consists of."""
    if reference.release:
        return parts(storage, reference.release.app, reference.release.slug.sha256)
    path = reference.path
    assert path
    try:
        with path.open('rb') as stream:
            sha256, size = checksum(stream)
    except OSError as error:
        raise SlugError(f'cannot read the slug {path}: {error.strerror}') from error
    return [Part(sha256=sha256, size=size, open=lambda: path.open('rb'))]


def _release(text: str, journal: Journal) -> Release:
    match = NUMBERED.fullmatch(text)
    app = parse_app_name(match['app'] if match else text)
    if match is None:
        release, missing = (
            journal.releases.live(app),
            f'{app} has no release yet: push it first, or name a .tgz file',
        )
    elif match['kind'] == 'v':
        release = journal.releases.get(app, int(match['number']))
        missing = f'{app} has no release v{match["number"]}; "gitreceive releases {app}" lists them'
    else:
        release = journal.releases.made_by(int(match['number']))
        missing = f'build {match["number"]} of {app} made no release; "gitreceive builds {app}" lists them'
    if release is None or release.app != app:
        raise BadCommand(missing)
    return release
