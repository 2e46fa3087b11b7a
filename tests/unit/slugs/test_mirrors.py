"""A mirror that lags or has lost something is told, and is sent what it lacks."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.mirrors import mirrored
from gitreceive.adapters.storage.secrets import NO_SECRETS
from gitreceive.adapters.storage.whole import WholeSlugs
from gitreceive.adapters.web.client import Retries
from gitreceive.model.release import Release
from gitreceive.slugs.finding import Finding
from gitreceive.slugs.ports import Storage
from gitreceive.slugs.stored import complete_slug
from tests.chunk_cache import HELLO, ChunkCache, member
from tests.fakes_storage import MemoryStorage, WholeStorage
from tests.packing import packed

HASTY = Retries(tries=1, stall_seconds=5)
KINDS = ('json', 'provenance.json', 'sbom.json', 'tgz')


class Followed:
    """A receiver's slugs, and a mirror of them."""

    def __init__(self, kept: ChunkCache, other: Storage, folder: Path) -> None:
        both = mirrored(kept.storage, [('there:', other)], folder)
        self._verifier = kept.verifier(both)
        self._first, (self.mirror,) = kept.storage, both.mirrors

    def verified(self) -> Sequence[Finding]:
        return list(self._verifier.verify_app(HELLO))

    def catch_up(self) -> None:
        self.mirror.catch_up(self._first)


def slug(kept: ChunkCache) -> Release:
    """One of two members, with its documents."""
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    for each in kept.undocumented():
        kept.documents.complete(each)
    return release


@pytest.mark.parametrize('kind', [MemoryStorage, WholeStorage])
def test_a_mirror_that_was_added_later_is_sent_what_it_lacks(
    kept: ChunkCache, tmp_path: Path, kind: type[MemoryStorage | WholeStorage]
) -> None:
    release, other = slug(kept), kind()
    followed = Followed(kept, other, tmp_path / 'notes')
    found = followed.verified()
    assert {(each.what, each.mirror, each.release) for each in found} == {('missing', 'there:', 'hello v1')}
    followed.catch_up()
    assert followed.verified() == []
    whole = {f'hello/{release.slug.sha256}.{kind}' for kind in KINDS}
    assert set(other.objects) == (whole if kind is WholeStorage else set(kept.names()))
    assert {each.object for each in found} == set(other.objects)


@pytest.mark.parametrize('kind', [MemoryStorage, WholeStorage])
@pytest.mark.parametrize('change', ['missing', 'damaged'])
def test_what_a_mirror_has_lost_is_named_and_comes_back(
    kept: ChunkCache, tmp_path: Path, kind: type[MemoryStorage | WholeStorage], change: str
) -> None:
    slug(kept)
    other = kind()
    followed = Followed(kept, other, tmp_path / 'notes')
    followed.verified()
    followed.catch_up()
    before = dict(other.objects)
    for name in before:
        other.objects.update({name: b'?'}) if change == 'damaged' else other.objects.pop(name)
        (finding,) = followed.verified()
        assert (finding.what, finding.object, finding.harms) == (change, name, True)
        followed.catch_up()
        assert other.objects == before


def test_a_mirror_that_is_behind_is_told_and_nothing_on_its_way_is_missing(
    kept: ChunkCache, tmp_path: Path
) -> None:
    slug(kept)
    followed = Followed(kept, WholeStorage(), tmp_path / 'notes')
    followed.verified()
    (finding,) = followed.verified()
    assert (finding.what, finding.mirror, finding.harms) == ('behind', 'there:', False)
    assert finding.why == '6 objects of hello are still to be sent or removed'


def test_a_mirror_that_does_not_answer_is_told_once_with_its_words(kept: ChunkCache, tmp_path: Path) -> None:
    slug(kept)
    other = HttpStorage.from_url('http://127.0.0.1:9', NO_SECRETS, tmp_path / 'sent', retries=HASTY)
    (finding,) = Followed(kept, other, tmp_path / 'notes').verified()
    assert (finding.what, finding.mirror, finding.harms) == ('unreadable', 'there:', False)
    assert 'Connection refused' in finding.why


def test_what_is_damaged_in_the_first_storage_is_not_sent_to_a_mirror(
    kept: ChunkCache, tmp_path: Path
) -> None:
    slug(kept)
    other = WholeStorage()
    followed = Followed(kept, other, tmp_path / 'notes')
    followed.verified()
    followed.catch_up()
    before = dict(other.objects)
    for path in (kept.objects / 'hello' / 'members').iterdir():
        path.write_bytes(b'damaged')
    assert {(each.what, each.mirror) for each in followed.verified()} == {('damaged', '')}
    followed.catch_up()
    assert other.objects == before


def whole_slug(kept: ChunkCache, other: Storage, folder: Path) -> tuple[Followed, dict[str, bytes]]:
    """A slug with its ``.tgz`` that is at the mirror too, and what is in storage then."""
    release = slug(kept)
    complete_slug(kept.storage, HELLO, release.slug.sha256)
    followed = Followed(kept, other, folder)
    followed.verified()
    followed.catch_up()
    return followed, {name: kept.path(name).read_bytes() for name in kept.names()}


@pytest.mark.parametrize('change', ['missing', 'damaged'])
def test_what_the_first_storage_has_lost_comes_back_from_a_mirror(
    kept: ChunkCache, tmp_path: Path, change: str
) -> None:
    followed, before = whole_slug(kept, MemoryStorage(), tmp_path / 'notes')
    for name in before:
        if '.sbom.' in name or '.provenance.' in name or (name.endswith('.tgz') and change == 'missing'):
            continue
        kept.path(name).write_bytes(b'?') if change == 'damaged' else kept.path(name).unlink()
        found = [each for each in followed.verified() if each.what != 'behind']
        assert [(each.what, each.object, each.release) for each in found] == [
            ('made again', name, 'hello v1')
        ]
        if not name.endswith('.tgz'):
            assert found[0].why == f'it was {change}; there: had it'
        assert {each: kept.path(each).read_bytes() for each in kept.names()} == before
        followed.catch_up()
        assert followed.verified() == []


def test_all_of_a_slug_comes_back_from_a_mirror(kept: ChunkCache, tmp_path: Path) -> None:
    followed, before = whole_slug(kept, MemoryStorage(), tmp_path / 'notes')
    shutil.rmtree(kept.objects)
    assert not any(each.harms for each in followed.verified())
    members = {name: content for name, content in before.items() if not name.endswith('.tgz')}
    assert {each: kept.path(each).read_bytes() for each in kept.names()} == members


def test_of_a_mirror_that_has_whole_slugs_the_whole_comes_back(kept: ChunkCache, tmp_path: Path) -> None:
    followed, before = whole_slug(kept, WholeStorage(), tmp_path / 'notes')
    (whole,) = (name for name in before if name.endswith('.tgz'))
    lost = next(name for name in before if '/members/' in name)
    for name in (whole, lost):
        kept.path(name).write_bytes(b'?')
    found = [(each.what, each.object) for each in followed.verified() if each.what != 'behind']
    assert found == [('damaged', lost), ('made again', whole)]
    assert kept.path(whole).read_bytes() == before[whole]


def test_a_mirror_that_is_damaged_too_brings_nothing_back(kept: ChunkCache, tmp_path: Path) -> None:
    other = MemoryStorage()
    followed, before = whole_slug(kept, other, tmp_path / 'notes')
    for name in before:
        kept.path(name).write_bytes(b'?')
        other.objects[name] = b'!'
    assert any(each.harms for each in followed.verified())
    assert {kept.path(name).read_bytes() for name in before} == {b'?'}


def test_what_cannot_be_stored_again_is_told(kept: ChunkCache, tmp_path: Path) -> None:
    followed, before = whole_slug(kept, MemoryStorage(), tmp_path / 'notes')
    lost = next(name for name in before if '/members/' in name)
    kept.path(lost).unlink()
    kept.path(lost).mkdir()
    (found,) = (each for each in followed.verified() if each.object == lost)
    assert found.harms and 'it could not be stored again: cannot store' in found.why


def test_the_mirrors_of_a_storage_that_keeps_whole_slugs_are_looked_at_too(
    kept: ChunkCache, tmp_path: Path
) -> None:
    first, other = WholeStorage(), MemoryStorage()
    storage = WholeSlugs(mirrored(first, [('there:', other)], tmp_path / 'notes'), tmp_path / 'near')
    release = kept.release({'src/a': b'1'})
    for name in kept.names():
        first.put(name, kept.path(name))
    found = [each for each in kept.verifier(storage).verify_app(HELLO) if each.what == 'missing']
    whole = {f'hello/{release.slug.sha256}.{kind}' for kind in KINDS}
    assert {each.object for each in found} <= whole and {each.mirror for each in found} == {'there:'}
    storage.mirrors[0].catch_up(first)
    assert set(other.objects) == whole
