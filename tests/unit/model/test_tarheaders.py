"""What headers of tar streams say, and that nonsense is an error and no endless loop."""

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.model.tarheaders import name_in, number, padded, size_in, told

WORDS = st.sampled_from([b'path', b'linkpath', b'size', b'mtime'])


def record(key: bytes, value: bytes) -> bytes:
    rest = b' ' + key + b'=' + value + b'\n'
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


@given(st.dictionaries(WORDS, st.binary(max_size=300)))
def test_pax_records_are_read_whatever_is_in_them(records: dict[bytes, bytes]) -> None:
    assert told(b'x', b''.join(record(*pair) for pair in records.items())) == records


@pytest.mark.parametrize(
    'content', [b'0 path=x\n', b'-9 path=x\n', b'99 path=x\n', b'path=x', b' ', b'\0' * 9, b'1_0 path=x']
)
def test_pax_records_that_are_none_are_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r'no number|longer than'):
        told(b'x', content)


def test_long_names_of_gnu_tar_are_told_by_the_same_words() -> None:
    assert told(b'L', b'name\0') == {b'path': b'name'}
    assert told(b'K', b'link\0') == {b'linkpath': b'link'}


@pytest.mark.parametrize('size', [0, 7, 8**11 - 1, 8**11, 2**60])
def test_sizes_are_read_as_every_tar_writes_them(size: int) -> None:
    entry = tarfile.TarInfo('a')
    entry.size = size
    assert size_in(entry.tobuf(tarfile.GNU_FORMAT), {}) == size
    assert size_in(bytes(512), {b'size': b'%d' % size}) == size


@pytest.mark.parametrize('field', [b'-7', b'+7', b'0o7', b'1_0', b'9', b'x'])
def test_what_is_no_number_is_an_error(field: bytes) -> None:
    with pytest.raises(ValueError, match=r'number|literal'):
        number(field)
    with pytest.raises(ValueError, match=r'number|literal'):
        size_in(bytes(512), {b'size': field if field != b'9' else b''})


def test_the_prefix_counts_where_the_format_has_one() -> None:
    entry = tarfile.TarInfo(f'{"a" * 90}/{"b" * 90}')
    assert name_in(entry.tobuf(tarfile.USTAR_FORMAT)).decode() == entry.name
    old = bytearray(tarfile.TarInfo('a').tobuf(tarfile.GNU_FORMAT))
    old[345:357] = b'%011o\0' % 7
    assert name_in(bytes(old)) == b'a'


def test_content_fills_whole_blocks() -> None:
    assert [padded(size) for size in (0, 1, 512, 513)] == [0, 512, 512, 1024]
