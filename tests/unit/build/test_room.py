"""A build is refused when the disk has no room for it, with what is missing; a roomy disk is not counted on."""

import dataclasses
import os
from pathlib import Path

import pytest

from gitreceive.build.room import FIRST_IMAGE, Need, check_room, free_bytes, needs
from gitreceive.model.errors import RoomError, StorageError
from tests.chunk_cache import ChunkCache


def test_what_fits_is_not_refused_and_nobody_looks_for_garbage(tmp_path: Path) -> None:
    def freeable() -> int:
        raise AssertionError

    check_room([Need(what='slug', where=tmp_path, size=1)], freeable)


def test_the_refusal_says_what_is_needed_free_and_missing_and_what_gc_would_free(tmp_path: Path) -> None:
    _, free = free_bytes(tmp_path)
    wanted = [
        Need(what='context', where=tmp_path, size=free // 2),
        Need(what='image', where=tmp_path / 'x', size=free),
    ]
    with pytest.raises(RoomError) as refused:
        check_room(wanted, lambda: 345_000_000)
    said = str(refused.value)
    assert said.startswith(f'there is no room for this build at {tmp_path}: up to ')
    assert '(context ' in said
    assert ' are missing; "gitreceive gc" would free 345.0 MB of slugs' in said


def test_a_storage_that_is_away_does_not_hide_that_the_disk_is_full(tmp_path: Path) -> None:
    def freeable() -> int:
        raise StorageError('503')

    with pytest.raises(RoomError, match=r'are missing; "gitreceive gc" frees .* the storage does not answer'):
        check_room([Need(what='slug', where=tmp_path, size=1 << 60)], freeable)


def test_directories_on_one_file_system_share_its_room_and_others_do_not(tmp_path: Path) -> None:
    other = Path('/dev/shm')
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip('one file system only')
    (here, free), (there, more) = free_bytes(tmp_path), free_bytes(other)
    assert here != there
    check_room(
        [Need(what='a', where=tmp_path, size=free // 2), Need(what='b', where=other, size=more // 2)],
        lambda: 0,
    )
    with pytest.raises(RoomError, match=str(other)):
        check_room(
            [Need(what='a', where=tmp_path, size=1), Need(what='b', where=other, size=2 * more)], lambda: 0
        )


def test_a_directory_that_is_not_there_yet_is_on_the_file_system_of_the_one_above(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / 'a' / 'b')[0] == os.stat(tmp_path).st_dev


def test_a_first_build_counts_on_a_runtime_and_a_later_one_on_the_slug_before(
    kept: ChunkCache, tmp_path: Path
) -> None:
    first = {need.what: need.size for need in needs(1000, None, tmp_path, tmp_path)}
    assert first['image'] == FIRST_IMAGE + 1000
    release = kept.release({})
    larger = dataclasses.replace(release, slug=dataclasses.replace(release.slug, size=50_000_000))
    later = {need.what: need.size for need in needs(1000, larger, tmp_path, tmp_path)}
    assert later == {'slug': 50_001_000, 'context': 1000, 'image': 200_001_000}
    assert [need.what for need in needs(1000, larger, None, tmp_path)] == ['slug']
