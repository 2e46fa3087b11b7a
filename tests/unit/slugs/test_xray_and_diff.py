"""What is in a slug, and in what two of them differ."""

from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.model.errors import BadCommand, SlugError
from gitreceive.slugs.diff import Difference, diff_slugs
from gitreceive.slugs.parts import parts
from gitreceive.slugs.reference import find_slug, parts_of
from gitreceive.slugs.xray import growth_since, xray
from tests.chunk_cache import HELLO, READER, ChunkCache, member
from tests.packing import packed, packed_file, sha256

SMALL = {'src': None, 'src/a': b'a' * 10, 'heroku/node': b'n' * 1000}


def differences(kept: ChunkCache, old: str, new: str) -> list[Difference]:
    a, b = (parts_of(find_slug(text, kept.home), kept.storage) for text in (old, new))
    return diff_slugs(a, b, READER)


def test_sizes_are_told_by_directory_by_file_and_in_all(kept: ChunkCache) -> None:
    release = kept.release({**SMALL, 'link': 'src/a'})
    seen = xray(parts(kept.storage, HELLO, release.slug.sha256), READER)
    assert (seen.packed, seen.unpacked, seen.files) == (release.slug.size, 1010, 2)
    assert seen.folders == {'/app/src': 10, '/app/heroku': 1000}
    assert seen.largest == (('/app/heroku/node', 1000), ('/app/src/a', 10))


def test_of_many_files_the_largest_are_told(kept: ChunkCache) -> None:
    release = kept.release({f'src/{n:03}': b'x' * n for n in range(100)})
    seen = xray(parts(kept.storage, HELLO, release.slug.sha256), READER)
    assert [size for _, size in seen.largest] == list(range(99, 79, -1))


def test_each_member_is_measured_by_itself(kept: ChunkCache) -> None:
    runtime, code = member({'heroku/node': b'n' * 1000}), packed({'src/a': b'a' * 10})
    release = kept.layered(runtime, code)
    seen = xray(parts(kept.storage, HELLO, release.slug.sha256), READER)
    assert [(part.sha256, part.packed, part.unpacked, part.files) for part in seen.parts] == [
        (sha256(runtime), len(runtime), 1000, 1),
        (sha256(code), len(code), 10, 1),
    ]


def test_growth_names_the_directories_that_became_larger(kept: ChunkCache) -> None:
    old, new = (
        kept.release({'src/a': b'a' * 10, 'src/b/x': b'b' * 50}),
        kept.release({'src/a': b'a' * 9, 'src/b/x': b'b' * 80, 'src/c/y': b'c' * 7}),
    )
    seen = [xray(parts(kept.storage, HELLO, each.slug.sha256), READER) for each in (old, new)]
    grown = growth_since(*seen)
    assert (grown.unpacked, grown.files) == (36, 1)
    assert grown.folders == {'/app/src/b': 30, '/app/src/c': 7}


def test_paths_differ_by_mode_size_content_kind_and_target(kept: ChunkCache, tmp_path: Path) -> None:
    old = {
        'src/same': b'=',
        'src/size': b'1',
        'src/content': b'1',
        'src/gone': b'',
        'src/kind': b'',
        'src/link': 'a',
    }
    new = {
        'src/same': b'=',
        'src/size': b'12',
        'src/content': b'2',
        'src/new': b'',
        'src/kind': 'a',
        'src/link': 'b',
    }
    kept.release(old)
    kept.release(new)
    assert differences(kept, 'hello:v1', 'hello') == [
        Difference(path='/app/src/content', what='changed', why=('content',)),
        Difference(path='/app/src/gone', what='removed'),
        Difference(path='/app/src/kind', what='changed', why=('file -> symlink',)),
        Difference(path='/app/src/link', what='changed', why=('leads to a -> b',)),
        Difference(path='/app/src/new', what='added'),
        Difference(path='/app/src/size', what='changed', why=('size 1 -> 2',)),
    ]
    packed_file(tmp_path / 'same.tgz', new)
    assert differences(kept, 'hello:b2', str(tmp_path / 'same.tgz')) == []
    (tmp_path / 'mode.tgz').write_bytes(packed(new, mode=0o755))
    assert {each.why for each in differences(kept, 'hello', str(tmp_path / 'mode.tgz'))} == {
        ('mode 0644 -> 0755',)
    }


def test_members_that_both_have_are_not_read(kept: ChunkCache) -> None:
    runtime = member({'heroku/node': b'n' * 1000})
    kept.layered(runtime, packed({'src/a': b'1'}))
    kept.layered(runtime, packed({'src/a': b'2'}))
    kept.path(f'hello/members/{sha256(runtime)}.gz').unlink()
    assert differences(kept, 'hello:v1', 'hello:v2') == [
        Difference(path='/app/src/a', what='changed', why=('content',))
    ]


def test_a_name_of_any_bytes_is_a_path(kept: ChunkCache) -> None:
    kept.release({})
    kept.release({'src/\udcff\n': b''})
    assert differences(kept, 'hello:v1', 'hello:v2') == [Difference(path='/app/src/\udcff\n', what='added')]


def test_the_release_before_is_the_one_with_the_number_before(kept: ChunkCache) -> None:
    first, second = kept.release({'a': b'1'}), kept.release({'a': b'2'})
    assert find_slug('hello', kept.home).before == first
    assert find_slug('hello:v1', kept.home).before is None
    kept.journal.apps.change_config(HELLO, {'A': 'changed since'}, ())
    assert find_slug('hello:v1', kept.home).env == {'SECRET_KEY': 'word', 'A': '1'}
    assert find_slug(f'hello:b{second.operation}', kept.home).release == second


def test_a_file_needs_no_receiver(tmp_path: Path) -> None:
    packed_file(tmp_path / 'slug.tgz', SMALL)
    assert find_slug(str(tmp_path / 'slug.tgz'), Home(tmp_path / 'none')).path == tmp_path / 'slug.tgz'
    assert not (tmp_path / 'none').exists()


@pytest.mark.parametrize(
    ('text', 'error', 'said'),
    [
        ('hello:v9', BadCommand, 'no release v9'),
        ('hello:b9', BadCommand, 'build 9 of hello made no release'),
        ('other:b1', BadCommand, 'build 1 of other made no release'),
        ('other', BadCommand, 'no release yet'),
        ('hello:x', BadCommand, 'not an app name'),
        ('Hello', BadCommand, 'not an app name'),
        ('no/such.tgz', SlugError, 'no such file'),
    ],
)
def test_what_names_no_slug_is_told_with_what_there_is(
    kept: ChunkCache, text: str, error: type[Exception], said: str
) -> None:
    kept.release({})
    with pytest.raises(error, match=said):
        find_slug(text, kept.home)
