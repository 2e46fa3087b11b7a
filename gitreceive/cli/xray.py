"""``gitreceive slug show`` and ``slug diff``: looking into slugs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.model.errors import StorageError
from gitreceive.model.release import Release
from gitreceive.model.text import megabytes, path_text, signed_megabytes
from gitreceive.slugs.diff import diff_slugs
from gitreceive.slugs.measured import largest_folders
from gitreceive.slugs.parts import parts
from gitreceive.slugs.ports import Composing, SlugReader
from gitreceive.slugs.reference import SlugReference, find_slug, parts_of
from gitreceive.slugs.xray import Growth, Xray, growth_since, xray
from gitreceive.wiring.storing import open_reader, open_storage

SLUG = 'APP[:vN|:bN]|FILE'
FOLDERS = 15
MARKS = {'added': '+', 'removed': '-', 'changed': '~'}


@click.command()
@click.argument('which', metavar=SLUG)
@click.option('--json', 'as_json', is_flag=True, help='for machines')
@settings_options
def show(which: str, as_json: bool, settings: Settings) -> None:
    """Show what is in a slug: sizes by chunk and directory, the largest files, growth against the release before."""
    reader, storage = open_reader(), open_storage(settings)
    reference = find_slug(which, Home(settings.home))
    seen = xray(parts_of(reference, storage), reader)
    grown = _growth(seen, reference.before, storage, reader)
    if as_json:
        click.echo(json.dumps(_record(reference, seen, grown), indent=2))
        return
    for line in _lines(reference, seen, grown):
        click.echo(line)


@click.command()
@click.argument('a', metavar=f'A={SLUG}')
@click.argument('b', metavar=f'B={SLUG}')
@click.option('--json', 'as_json', is_flag=True, help='for machines')
@settings_options
def diff(a: str, b: str, as_json: bool, settings: Settings) -> None:
    """Name the paths in which two slugs differ, and why. Exit status 1 if there are any."""
    storage = open_storage(settings)
    old, new = (parts_of(find_slug(text, Home(settings.home)), storage) for text in (a, b))
    differences = diff_slugs(old, new, open_reader())
    if as_json:
        records = [
            {'path': path_text(each.path), 'what': each.what, 'why': list(map(path_text, each.why))}
            for each in differences
        ]
        click.echo(json.dumps(records, indent=2))
    else:
        for found in differences:
            why = f'  ({", ".join(map(path_text, found.why))})' if found.why else ''
            click.echo(f'{MARKS[found.what]} {path_text(found.path)}{why}')
    raise SystemExit(1 if differences else 0)


def _growth(seen: Xray, previous: Release | None, storage: Composing, reader: SlugReader) -> Growth | None:
    """Against the release before; None if there is none, or its slug is no longer kept."""
    if previous is None:
        return None
    try:
        return growth_since(xray(parts(storage, previous.app, previous.slug.sha256), reader), seen)
    except StorageError:
        return None


def _record(reference: SlugReference, seen: Xray, grown: Growth | None) -> dict[str, object]:
    release = reference.release
    return {
        'slug': reference.shown,
        'app': release.app if release else None,
        'release': f'v{release.version}' if release else None,
        'packed': seen.packed,
        'unpacked': seen.unpacked,
        'files': seen.files,
        'members': [asdict(part) for part in seen.parts],
        'directories': _records(largest_folders(seen.folders, FOLDERS)),
        'largest_files': _records(seen.largest),
        'growth': {**asdict(grown), 'folders': _records(largest_folders(grown.folders, FOLDERS))}
        if grown
        else None,
    }


def _records(sizes: Sequence[tuple[str, int]]) -> list[dict[str, object]]:
    return [{'path': path_text(path), 'size': size} for path, size in sizes]


def _lines(reference: SlugReference, seen: Xray, grown: Growth | None) -> Iterator[str]:
    yield f'{reference.shown}: {megabytes(seen.packed)}, unpacked {megabytes(seen.unpacked)} in {seen.files:,} files'
    yield from ('', 'Chunks: packed, unpacked, files')
    for part in seen.parts:
        yield f'{megabytes(part.packed):>12} {megabytes(part.unpacked):>12} {part.files:>9,}  {part.sha256}'
    yield from ('', 'Directories, with what is below them')
    yield from _sized(largest_folders(seen.folders, FOLDERS))
    yield from ('', 'Largest files')
    yield from _sized(seen.largest)
    if grown:
        packed, unpacked = signed_megabytes(grown.packed), signed_megabytes(grown.unpacked)
        yield from ('', f'Since the release before: {packed}, unpacked {unpacked}, {grown.files:+,} files')
        yield from _sized(largest_folders(grown.folders, FOLDERS), '+')


def _sized(sizes: Sequence[tuple[str, int]], sign: str = '') -> Iterator[str]:
    for path, size in sizes:
        yield f'{sign + megabytes(size):>12}  {path_text(path)}'
