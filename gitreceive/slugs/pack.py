"""Packs ``/app`` of an image into one file, hashed as it is written."""

import os
from functools import partial
from pathlib import Path
from typing import IO, cast

from gitreceive.config.settings import Limits
from gitreceive.model.errors import SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image, Slug
from gitreceive.slugs.measured import GaveUp, Measured, refuse_without_files, too_large, unpacked_reported
from gitreceive.slugs.ports import SlugPacker


def pack_slug(
    image: Image, packer: SlugPacker, target: Path, mtime: int, limits: Limits, cancellation: Cancellation
) -> Slug:
    """Packs the image's ``/app`` into the new file ``target``; ``mtime`` is the time of the code's files.

    Raises SlugError (too large, with the largest directories; nothing to pack; no room), EngineGone, BuildTimeout or
    BuildCancelled, and leaves no file then.
    """
    left_out: list[str] = []
    sizes = partial(packer.sizes, image, cancellation)
    try:
        with target.open('xb') as file, unpacked_reported(sizes):
            measured = Measured(file, limits.slug_bytes)
            try:
                for part in packer.parts(image, mtime, cancellation):
                    left_out += part.pack(cast(IO[bytes], measured), cancellation).left_out
            except GaveUp:
                pass
            if measured.size > limits.slug_bytes:
                raise SlugError(too_large(measured.size, limits.slug_bytes, sizes()))
            refuse_without_files(measured.size, sizes)
            file.flush()
            os.fsync(file.fileno())
        return Slug(path=target, sha256=measured.sha256, size=measured.size, left_out=tuple(left_out))
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SlugError(f'cannot write the slug to {target}: {error.strerror}') from error
        raise
