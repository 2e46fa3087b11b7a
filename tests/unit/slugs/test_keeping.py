"""Slugs are kept as long as a kept release needs them; damage and loss are found, and what can be made again is."""

import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.adapters.storage.file import FileStorage
from gitreceive.cli.main import gitreceive
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError, StateError, StorageError, UnknownApp
from gitreceive.model.release import Release
from gitreceive.slugs.lock import keeping, removing
from gitreceive.slugs.parts import fetch_slug
from gitreceive.slugs.stored import chunks_of, complete_slug, read_manifest
from tests.chunk_cache import HELLO, ChunkCache, chunk_cache, member
from tests.packing import packed, sha256

OTHER = AppName('other')


def documented(kept: ChunkCache) -> None:
    for app in kept.journal.apps.all():
        for release in kept.undocumented(app):
            kept.documents.complete(release)


def verified(kept: ChunkCache) -> list[tuple[str, str, str]]:
    return [(each.what, each.object, each.release) for each in kept.verifier().verify_storage()]


def test_the_newest_releases_keep_their_slugs_and_nothing_else_stays(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=2) as kept:
        old, *new = [kept.release({'src/a': b'%d' % number}) for number in range(3)]
        kept.release({'src/a': b'other'}, OTHER)
        documented(kept)
        before = kept.names()
        gone = [name for name in before if old.slug.sha256 in name]
        assert set(kept.retention.garbage(HELLO).objects) == set(gone)
        assert kept.names() == before
        garbage = kept.retention.collect(HELLO)
        assert garbage.objects[f'hello/{old.slug.sha256}.tgz'] == old.slug.size
        assert kept.names() == [name for name in before if name not in gone]
        assert all(f'hello/{each.slug.sha256}.tgz' in kept.names() for each in new)
        assert kept.retention.collect(HELLO).objects == kept.retention.collect(OTHER).objects == {}
        assert len(kept.journal.releases.of(HELLO)) == 3


def test_a_release_that_failed_takes_the_place_of_none_that_is_kept(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=2) as kept:
        releases = [kept.release({'src/a': b'%d' % number}) for number in range(4)]
        kept.journal.releases.starting(releases[2])
        kept.journal.releases.fail(releases[2])
        kept.journal.releases.starting(releases[0])
        assert [release.version for release in kept.retention.releases(HELLO)] == [4, 2, 1]


def test_a_slug_that_a_kept_release_shares_with_an_old_one_stays(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=1) as kept:
        same = kept.release({'src/a': b'same'})
        kept.release({'src/a': b'between'})
        assert kept.release({'src/a': b'same'}).slug == same.slug
        kept.retention.collect(HELLO)
        assert kept.names() == [f'hello/{same.slug.sha256}.json', f'hello/{same.slug.sha256}.tgz']


def test_a_member_that_a_kept_slug_shares_stays(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=1) as kept:
        runtime, old, new = member({'heroku/x': b'x'}), packed({'src/a': b'1'}), packed({'src/a': b'2'})
        kept.layered(runtime, old)
        kept.layered(runtime, new)
        garbage = kept.retention.collect(HELLO)
        assert garbage.objects[f'hello/members/{sha256(old)}.gz'] == len(old)
        members = [name for name in kept.names() if '/members/' in name]
        assert members == sorted(f'hello/members/{sha256(each)}.gz' for each in (runtime, new))


def test_without_a_kept_slugs_facts_no_member_is_removed(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=1) as kept:
        kept.layered(packed({'src/a': b'1'}))
        release = kept.layered(packed({'src/a': b'2'}))
        kept.path(f'hello/{release.slug.sha256}.json').write_bytes(b'[[')
        kept.retention.collect(HELLO)
        assert sum('/members/' in name for name in kept.names()) == 2


def test_what_an_interrupted_build_left_is_garbage_and_what_others_put_there_is_not(kept: ChunkCache) -> None:
    kept.release({})
    orphan, strange = f'hello/{"0" * 64}.tgz', 'hello/notes.txt'
    for name in (orphan, strange, 'foreign/file'):
        kept.path(name).parent.mkdir(exist_ok=True)
        kept.path(name).write_bytes(b'12345')
    assert kept.retention.collect(HELLO).objects == {orphan: 5}
    assert {strange, 'foreign/file'} <= set(kept.names())
    found = {each.object: each.what for each in kept.verifier().verify_storage()}
    assert found[strange] == found['foreign/file'] == 'superfluous'


def test_nothing_is_removed_while_a_slug_of_the_app_is_being_stored(kept: ChunkCache) -> None:
    kept.release({})
    removed = threading.Event()

    def collect() -> None:
        with removing(HELLO, kept.home):
            removed.set()

    collector = threading.Thread(target=collect, daemon=True)
    with keeping(HELLO, kept.home), keeping(HELLO, kept.home), removing(OTHER, kept.home):
        collector.start()
        assert not removed.wait(0.2)
    assert removed.wait(20)
    collector.join(20)


def test_who_waits_for_a_removal_can_be_stopped(kept: ChunkCache) -> None:
    clock, waits = BuildClock(600), threading.Event()
    errors: list[BuildError] = []

    def store() -> None:
        waits.set()
        try:
            with keeping(HELLO, kept.home, clock):
                pass
        except BuildError as error:
            errors.append(error)

    with closing(clock):
        with removing(HELLO, kept.home):
            storing = threading.Thread(target=store, daemon=True)
            storing.start()
            assert waits.wait(20)
            storing.join(0.3)
            assert storing.is_alive()
            clock.stop(BuildCancelled('cancelled by ann'))
            storing.join(20)
            assert [str(error) for error in errors] == ['cancelled by ann']


def test_who_waits_for_a_removal_gets_in_at_its_end(kept: ChunkCache) -> None:
    stored = threading.Event()
    clock = BuildClock(600)

    def store() -> None:
        with keeping(HELLO, kept.home, clock):
            stored.set()

    with closing(clock):
        with removing(HELLO, kept.home):
            storing = threading.Thread(target=store, daemon=True)
            storing.start()
            assert not stored.wait(0.3)
        assert stored.wait(20)
        storing.join(20)


def test_a_good_storage_has_no_findings(kept: ChunkCache) -> None:
    kept.release({'src/a': b'1'})
    kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'2'}))
    documented(kept)
    assert verified(kept) == []


@pytest.mark.parametrize('change', ['damaged', 'missing'])
def test_a_slug_that_was_changed_or_taken_away_is_named_with_its_release(
    kept: ChunkCache, change: str
) -> None:
    release = kept.release({'src/a': b'1'})
    documented(kept)
    path = kept.path(f'hello/{release.slug.sha256}.tgz')
    if change == 'damaged':
        path.write_bytes(packed({'src/a': b'2'}))
    else:
        path.unlink()
    assert verified(kept) == [(change, f'hello/{release.slug.sha256}.tgz', 'hello v1')]


@pytest.mark.parametrize('change', ['damaged', 'missing'])
def test_a_member_is_named_for_each_slug_that_needs_it(kept: ChunkCache, change: str) -> None:
    runtime = member({'heroku/x': b'x'})
    kept.layered(runtime, packed({'src/a': b'1'}))
    kept.layered(runtime, packed({'src/a': b'2'}))
    documented(kept)
    name = f'hello/members/{sha256(runtime)}.gz'
    kept.path(name).write_bytes(b'?') if change == 'damaged' else kept.path(name).unlink()
    assert verified(kept) == [(change, name, 'hello v1'), (change, name, 'hello v2')]


@pytest.mark.parametrize(
    ('content', 'what'),
    [
        (None, 'missing'),
        (b'{', 'damaged'),
        (b'{}', 'damaged'),
        (b'[]', 'damaged'),
        (b'["sha256"]', 'damaged'),
    ],
)
def test_facts_that_were_changed_or_taken_away_are_named(
    kept: ChunkCache, content: bytes | None, what: str
) -> None:
    release = kept.release({'src/a': b'1'})
    documented(kept)
    name = f'hello/{release.slug.sha256}.json'
    kept.path(name).write_bytes(content) if content is not None else kept.path(name).unlink()
    assert verified(kept) == [(what, name, 'hello v1')]


@pytest.mark.parametrize(('key', 'value'), [('commit', '0' * 40), ('size', 1), ('app', 'other')])
def test_facts_that_contradict_the_history_are_damaged(kept: ChunkCache, key: str, value: object) -> None:
    release = kept.release({'src/a': b'1'})
    documented(kept)
    path = kept.path(f'hello/{release.slug.sha256}.json')
    path.write_text(json.dumps({**json.loads(path.read_bytes()), key: value}))
    (finding,) = kept.verifier().verify_app(HELLO)
    assert finding.what == 'damaged'
    assert finding.why.startswith(f'it says {key} ')


def test_two_commits_with_one_slug_are_no_contradiction(kept: ChunkCache) -> None:
    first, second = kept.release({'src/a': b'1'}), kept.release({'src/a': b'1'})
    assert (first.slug, first.commit != second.commit) == (second.slug, True)
    documented(kept)
    assert verified(kept) == []


@pytest.mark.parametrize('kind', ['sbom', 'provenance'])
@pytest.mark.parametrize('change', ['damaged', 'missing'])
def test_documents_that_are_not_right_are_made_again(kept: ChunkCache, kind: str, change: str) -> None:
    release = kept.release({'src/a': b'1'})
    documented(kept)
    path = kept.path(f'hello/{release.slug.sha256}.{kind}.json')
    content = path.read_bytes()
    path.write_bytes(b'{}') if change == 'damaged' else path.unlink()
    assert verified(kept) == [('made again', f'hello/{path.name}', 'hello v1')]
    assert path.read_bytes() == content
    assert verified(kept) == []


def test_what_is_not_needed_is_superfluous(tmp_path: Path) -> None:
    with chunk_cache(tmp_path, keep=1) as kept:
        old = kept.release({'src/a': b'1'})
        kept.release({'src/a': b'2'})
        documented(kept)
        assert verified(kept) == [
            ('superfluous', f'hello/{old.slug.sha256}.{kind}', '') for kind in ('json', 'tgz')
        ]


def test_a_slug_that_was_changed_is_not_handed_out(kept: ChunkCache, tmp_path: Path) -> None:
    release = kept.release({'src/a': b'1'})
    target = tmp_path / 'slug.tgz'
    fetch_slug(kept.storage, HELLO, release.slug.sha256, target)
    assert target.read_bytes() == packed({'src/a': b'1'})
    target.unlink()
    kept.path(f'hello/{release.slug.sha256}.tgz').write_bytes(packed({'src/a': b'2'}))
    with pytest.raises(StorageError, match=r'was changed in storage .*slug verify.* makes it again'):
        fetch_slug(kept.storage, HELLO, release.slug.sha256, target)
    assert not target.exists()


def test_a_storage_that_cannot_be_read_is_damage_and_no_end_of_the_search(kept: ChunkCache) -> None:
    first, second = kept.release({'src/a': b'1'}), kept.release({'src/a': b'2'})
    documented(kept)
    path = kept.path(f'hello/{first.slug.sha256}.tgz')
    path.unlink()
    path.mkdir()
    kept.path(f'hello/{second.slug.sha256}.tgz').unlink()
    assert [each[0] for each in verified(kept)] == ['missing', 'missing']
    assert isinstance(kept.storage, FileStorage)


@pytest.mark.parametrize('left', ['short', 'zeros', 'one bit'])
def test_a_whole_that_is_not_right_is_made_again_of_its_members(kept: ChunkCache, left: str) -> None:
    _, whole, content = whole_slug(kept)
    damaged = {'short': content[:-1], 'zeros': bytes(len(content)), 'one bit': flipped(content)}[left]
    whole.write_bytes(damaged)
    (found,) = kept.verifier().verify_app(HELLO)
    assert (found.what, found.object, found.release) == ('made again', f'hello/{whole.name}', 'hello v1')
    assert found.why == (
        f'its {len(damaged):,} bytes have the sha256 {sha256(damaged)}; its chunks are as they were stored'
    )
    assert not found.harms and whole.read_bytes() == content
    assert verified(kept) == []


def test_a_whole_stays_damaged_if_a_member_is(kept: ChunkCache) -> None:
    release, whole, content = whole_slug(kept)
    whole.write_bytes(flipped(content))
    _members(kept, release)[0].write_bytes(b'?')
    assert sorted(what for what, *_ in verified(kept)) == ['damaged', 'damaged']
    assert whole.read_bytes() == flipped(content)


def test_a_whole_that_cannot_be_made_again_is_damaged_and_says_why(
    kept: ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole, content = whole_slug(kept)
    whole.write_bytes(flipped(content))
    monkeypatch.setattr(FileStorage, 'compose', refuse)
    (found,) = kept.verifier().verify_app(HELLO)
    assert found.harms and found.why.endswith('could not be made of them: no room')


def refuse(*_: object) -> None:
    raise StorageError('no room')


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def whole_slug(kept: ChunkCache) -> tuple[Release, Path, bytes]:
    """A slug of two members, its file, and what is in it."""
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    documented(kept)
    complete_slug(kept.storage, HELLO, release.slug.sha256)
    path = kept.path(f'hello/{release.slug.sha256}.tgz')
    return release, path, path.read_bytes()


def _members(kept: ChunkCache, release: Release) -> list[Path]:
    manifest = read_manifest(kept.storage, HELLO, release.slug.sha256)
    return [kept.path(f'hello/members/{each.sha256}.gz') for each in chunks_of(manifest)]


def test_a_slug_of_the_first_version_is_read_verified_kept_and_collected_like_others(tmp_path: Path) -> None:
    with chunk_cache(tmp_path / 'home', keep=2) as kept:
        old = kept.release({'src/a': b'old'})
        facts = kept.path(f'hello/{old.slug.sha256}.json')
        first = {'app': 'hello', 'commit': old.commit, 'sha256': old.slug.sha256, 'size': old.slug.size}
        facts.write_text(json.dumps(first, sort_keys=True, separators=(',', ':')) + '\n')
        kept.layered(member({'src/b': b'new'}))
        documented(kept)
        assert verified(kept) == []
        fetch_slug(kept.storage, HELLO, old.slug.sha256, tmp_path / 'slug.tgz')
        assert sha256((tmp_path / 'slug.tgz').read_bytes()) == old.slug.sha256
        assert kept.retention.collect(HELLO).objects == {}
        kept.path(f'hello/{old.slug.sha256}.tgz').write_bytes(b'damaged')
        assert [what for what, *_ in verified(kept)] == ['damaged']
        kept.layered(member({'src/c': b'newer'}))
        gone = {
            f'hello/{old.slug.sha256}{ending}'
            for ending in ('.tgz', '.json', '.sbom.json', '.provenance.json')
        }
        assert set(kept.retention.collect(HELLO).objects) == gone
        documented(kept)
        assert verified(kept) == []


def test_an_app_that_was_never_pushed_is_not_said_to_be_complete(kept: ChunkCache) -> None:
    kept.release({'src/a': b'a'})
    with pytest.raises(UnknownApp, match='no app helo was ever pushed here'):
        gitreceive.main(['slug', 'verify', 'helo', '--home', str(kept.home.root)], standalone_mode=False)


def test_a_lock_that_cannot_be_made_is_an_error_with_its_place(kept: ChunkCache) -> None:
    kept.home.slug_lock(HELLO).parent.write_bytes(b'')
    with pytest.raises(StateError, match=r'cannot lock the slugs of hello with .*/locks/hello: '):
        kept.retention.collect(HELLO)
