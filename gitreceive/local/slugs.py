"""Cuts the slug of a directory's image, and lets nothing secret out with it."""

from collections.abc import Sequence
from pathlib import Path

from gitreceive.build.stages.secrets import find_secrets, refuse_secrets, watch_for
from gitreceive.build.stages.slug import cut_slug
from gitreceive.local.building import Bench, Built
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Slug

REMEDY = 'Take it out of the directory (config vars are the place for it). If it may be there: --allow {path}'


def cut_local_slug(
    built: Built, bench: Bench, target: Path, allowed: Sequence[str], cancellation: Cancellation
) -> Slug:
    """The slug of the image, in the new file ``target``; ``allowed`` are paths where what looks secret is fine.

    Raises SlugError, SecretError, EngineGone, BuildTimeout or BuildCancelled.
    """
    mtime = built.planned.source.committed
    slug = cut_slug(built.image, bench.packer, target, mtime, bench.limits, cancellation)
    watch = watch_for(built.app, {}, allowed)
    with slug.path.open('rb') as stream:
        refuse_secrets(find_secrets(stream, watch, bench.reader, cancellation), built.app, REMEDY)
    return slug
