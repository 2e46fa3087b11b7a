"""The pusher is told when a slug has grown by more than a tenth, and where."""

import random

from gitreceive.model.slug import Chunk, LayeredSlug
from gitreceive.slugs.growth import report_growth
from gitreceive.slugs.stored import chunks_of, read_manifest
from tests.building import Lines
from tests.chunk_cache import HELLO, READER, ChunkCache, member
from tests.packing import packed, sha256

RUNTIME = member({'heroku/node': random.Random(1).randbytes(100_000)})


def told(kept: ChunkCache, *codes: bytes) -> list[str]:
    """What is said about the last of several slugs that share a runtime."""
    console = Lines()
    for code in codes:
        before = kept.journal.releases.live(HELLO)
        release = kept.layered(RUNTIME, code)
        members = chunks_of(read_manifest(kept.storage, HELLO, release.slug.sha256))
        slug = LayeredSlug(chunks=members, sha256=release.slug.sha256, size=release.slug.size, new=0)
        console = Lines()
        report_growth(slug, before, kept.storage, READER, console)
    return console.details


def random_files(folder: str, count: int) -> dict[str, bytes]:
    return {f'{folder}/{number}': random.Random(number).randbytes(1000) for number in range(count)}


def test_a_tenth_is_nothing_to_speak_of_and_more_is_told_with_the_directories(kept: ChunkCache) -> None:
    little = packed(random_files('src/a', 5))
    assert told(kept, little) == []
    assert told(kept, packed(random_files('src/a', 8))) == []
    lines = told(kept, packed({**random_files('src/a', 8), **random_files('src/assets/big', 50)}))
    assert lines[0].endswith('% more than v2 (0.1 MB)')
    assert lines[1:] == ['+0.050 MB in /app/src/assets/big']


def test_a_runtime_that_both_have_is_not_read(kept: ChunkCache) -> None:
    told(kept, packed({}))
    kept.path(f'hello/members/{sha256(RUNTIME)}.gz').write_bytes(b'')
    code = packed(random_files('src/a', 50))
    path = kept.path(f'hello/members/{sha256(code)}.gz')
    path.write_bytes(code)
    before = kept.journal.releases.live(HELLO)
    members = tuple(Chunk(sha256=sha256(each), size=len(each)) for each in (RUNTIME, code))
    console = Lines()
    slug = LayeredSlug(chunks=members, sha256='0' * 64, size=len(RUNTIME + code), new=0)
    report_growth(slug, before, kept.storage, READER, console)
    assert console.details[1:] == ['+0.050 MB in /app/src/a']


def test_a_slug_of_before_that_is_gone_hides_where(kept: ChunkCache) -> None:
    told(kept, packed({}))
    for path in kept.objects.rglob('*.json'):
        path.unlink()
    assert len(told(kept, packed(random_files('src/a', 50)))) == 1
