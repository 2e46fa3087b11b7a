"""The slug stage: one pass, one checksum, a limit that holds, and nothing left after a failure."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from gitreceive.config.settings import Limits
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image, Slug
from gitreceive.slugs.measured import largest_folders
from gitreceive.slugs.pack import pack_slug
from gitreceive.slugs.ports import Packed, SlugPart, UnpackedTooLarge

IMAGE = Image(id='sha256:1')


class Packer:
    """Packs what it is told to, as its only part."""

    key = '0' * 64

    def __init__(self, write: Callable[[IO[bytes]], object], files: Mapping[str, int] | None = None) -> None:
        self._write = write
        self._files = FILES if files is None else files

    def parts(self, image: Image, mtime: int, cancellation: Cancellation) -> Sequence[SlugPart]:
        return [self]

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        self._write(target)
        cancellation.check()
        return Packed(left_out=['app/fifo'])

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        return self._files


FILES = {
    '/app/src': 1_000,
    '/app/src/assets/video': 900_000_000,
    '/app/src/node_modules/big': 50_000_000,
}


def cut(target: Path, write: Callable[[IO[bytes]], object], limit: int = 1000) -> Slug:
    clock = BuildClock(60)
    try:
        return pack_slug(IMAGE, Packer(write), target, 7, Limits(slug_bytes=limit), clock)
    finally:
        clock.close()


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    slug = cut(tmp_path / 'slug', lambda target: [target.write(b'part') for _ in range(10)])
    content = slug.path.read_bytes()
    assert content == b'part' * 10
    assert (slug.sha256, slug.size) == (hashlib.sha256(content).hexdigest(), 40)
    assert slug.left_out == ('app/fifo',)


def test_a_slug_without_files_is_refused_with_the_remedy(tmp_path: Path) -> None:
    packer = Packer(lambda target: target.write(b'directories'), {'/app': 0})
    with pytest.raises(SlugError, match=r'the image has no files in /app, .* \(COPY \. /app/src\)'):
        pack_slug(IMAGE, packer, tmp_path / 'slug', 7, Limits(), BuildClock(60))
    assert list(tmp_path.iterdir()) == []


def test_a_slug_over_the_limit_is_refused_with_the_largest_directories(tmp_path: Path) -> None:
    with pytest.raises(SlugError) as caught:
        cut(tmp_path / 'slug', lambda target: target.write(bytes(2_500_000)), limit=1_000_000)
    lines = str(caught.value).splitlines()
    assert lines[0] == 'Compiled slug size: 2.5M is too large (max is 1M).'
    assert lines[2].split() == ['900M', '/app/src/assets/video']
    assert list(tmp_path.iterdir()) == []


def test_a_slug_that_is_far_too_large_is_not_packed_to_its_end(tmp_path: Path) -> None:
    written = 0

    def endless(target: IO[bytes]) -> None:
        nonlocal written
        while True:
            written += target.write(bytes(500))

    with pytest.raises(SlugError, match='more than'):
        cut(tmp_path / 'slug', endless)
    assert written <= 5000
    assert list(tmp_path.iterdir()) == []


def test_no_more_than_the_limit_goes_to_the_disk(tmp_path: Path) -> None:
    sizes: list[int] = []

    def write(target: IO[bytes]) -> None:
        for _ in range(8):
            target.write(bytes(500))
            target.flush()
            sizes.append(os.stat(tmp_path / 'slug').st_size)

    with pytest.raises(SlugError):
        cut(tmp_path / 'slug', write)
    assert max(sizes) == 1000


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def fail(target: IO[bytes]) -> None:
        target.write(b'half')
        raise BuildCancelled('enough')

    with pytest.raises(BuildCancelled):
        cut(tmp_path / 'slug', fail)
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlugError, match='nowhere'):
        cut(tmp_path / 'nowhere' / 'slug', lambda target: None)


def test_a_full_disk_is_an_error_of_the_slug(tmp_path: Path) -> None:
    (tmp_path / 'slug').symlink_to('/dev/full')
    with pytest.raises(SlugError):
        cut(tmp_path / 'slug', lambda target: target.write(b'x'))


def test_directories_that_only_hold_one_large_one_are_not_listed() -> None:
    sizes = {'/app/src': 10, '/app/src/a/b/c': 500, '/app/src/a/b/d': 400, '/app/heroku/node': 3000}
    found = largest_folders(sizes)
    assert found[:3] == [('/app', 3910), ('/app/heroku/node', 3000), ('/app/src/a/b', 900)]


def test_more_than_may_be_packed_is_told_with_the_largest_directories(tmp_path: Path) -> None:
    def write(target: IO[bytes]) -> None:
        raise UnpackedTooLarge(5_000_000_000)

    deep = {'/app/' + 'd/' * 1000 + 'e': 12_000_000_000}
    with pytest.raises(SlugError) as caught:
        pack_slug(IMAGE, Packer(write, deep), tmp_path / 'slug', 7, Limits(), BuildClock(60))
    first, _, largest, last = str(caught.value).splitlines()
    assert first == 'Packing the slug: /app holds more than 5000M before compression, which is the most.'
    assert largest.startswith('   12000M  /app/d/d') and len(largest) < 150
    assert 'limits.unpacked_bytes' in last
    assert not (tmp_path / 'slug').exists()
