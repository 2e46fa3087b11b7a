"""A part of a slug is packed with a checksum of what it unpacks to, and no more than is allowed."""

import gzip
import hashlib
import io

import pytest

from gitreceive.adapters.slugfiles import compress
from gitreceive.adapters.slugfiles.compress import compress_part
from gitreceive.slugs.ports import UnpackedTooLarge

BLOCKS = [b'%d' % number * 512 for number in range(10)]


@pytest.mark.parametrize('last', [False, True])
def test_the_checksum_is_that_of_what_the_part_unpacks_to(last: bool) -> None:
    target = io.BytesIO()
    found = compress_part(iter(BLOCKS), target, last)
    assert found == hashlib.sha256(gzip.decompress(target.getvalue())).hexdigest()


def test_of_much_no_checksum_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, 'HASHED', 5119)
    target = io.BytesIO()
    assert compress_part(iter(BLOCKS), target, last=False) == ''
    assert gzip.decompress(target.getvalue()) == b''.join(BLOCKS)


def test_nothing_has_none() -> None:
    target = io.BytesIO()
    assert compress_part(iter(()), target, last=False) == ''
    assert target.getvalue() == b''


@pytest.mark.parametrize(('most', 'refused'), [(0, False), (5120, False), (5119, True)])
def test_more_than_is_allowed_is_refused(most: int, refused: bool) -> None:
    if not refused:
        assert compress_part(iter(BLOCKS), io.BytesIO(), False, most)
        return
    with pytest.raises(UnpackedTooLarge) as caught:
        compress_part(iter(BLOCKS), io.BytesIO(), False, most)
    assert caught.value.limit == most
