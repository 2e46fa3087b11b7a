"""Cuts the slug of a directory's image, and lets nothing secret out with it."""

from collections.abc import Sequence
from pathlib import Path

from gitreceive.build.built import Built
from gitreceive.build.report import report_left_out, report_processes
from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.slug import Slug
from gitreceive.model.text import megabytes
from gitreceive.slugs.pack import pack_slug
from gitreceive.slugs.ports import SlugPacker, SlugReader
from gitreceive.slugs.secrets import find_secrets, refuse_secrets, scan_rules

REMEDY = 'Take it out of the directory (config vars are the place for it). If it may be there: --allow {path}'


def pack_built(
    built: Built, packer: SlugPacker, target: Path, limits: Limits, cancellation: Cancellation
) -> Slug:
    """The slug of the image, in the new file ``target``.

    Raises SlugError, EngineGone, BuildTimeout or BuildCancelled.
    """
    return pack_slug(built.image, packer, target, built.committed, limits, cancellation)


def scan_slug(
    slug: Slug, app: AppName, allowed: Sequence[str], reader: SlugReader, cancellation: Cancellation
) -> None:
    """Raises SecretError for what looks secret, but in the paths ``allowed``."""
    with slug.path.open('rb') as stream:
        found = find_secrets(stream, scan_rules(app, {}, allowed), reader, cancellation)
    refuse_secrets(found, app, REMEDY)


def report_built(built: Built, console: Console) -> None:
    """The exact versions, the process types, and that the slug comes next."""
    report_processes(built.plan, built.image, console)
    console.step('Packing the slug')


def report_packed(slug: Slug, console: Console) -> None:
    """The slug's size and checksum, and what it could not hold."""
    console.detail(f'{megabytes(slug.size)}, sha256 {slug.sha256}')
    report_left_out(slug.left_out, console)
