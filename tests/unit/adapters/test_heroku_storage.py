"""A slug and its facts become a slug and a release at a platform, in whatever order they come."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.adapters.storage import Surroundings, storage_from_urls
from gitreceive.adapters.storage.heroku import HerokuStorage
from gitreceive.adapters.web.client import Retries
from gitreceive.model.errors import SettingsError, StorageError
from gitreceive.slugs.verified import put_verified
from tests.http_server import running, says
from tests.platform_api import TOKEN, PlatformServer

QUICK = Retries(tries=2, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)
BYTES = b'some bytes'
CHECKSUM = hashlib.sha256(BYTES).hexdigest()
SLUG, FACTS = f'hello/{CHECKSUM}.tgz', f'hello/{CHECKSUM}.json'


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with running(PlatformServer('hello-live')) as server:
        assert isinstance(server, PlatformServer)
        yield server


@pytest.fixture
def storage(server: PlatformServer, tmp_path: Path) -> HerokuStorage:
    return HerokuStorage(
        HerokuPlatform(server.address, TOKEN, QUICK), tmp_path / 'kept', '{app}-live', 'cedar-14'
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    facts = {'app': 'hello', 'commit': '1' * 40, 'buildpack': 'node', 'sha256': CHECKSUM, 'size': len(BYTES)}
    found = {SLUG: tmp_path / 'slug', FACTS: tmp_path / 'facts'}
    found[SLUG].write_bytes(BYTES)
    found[FACTS].write_text(json.dumps({**facts, 'process_types': {'web': 'npm start'}}))
    return found


@pytest.mark.parametrize('order', [(SLUG, FACTS), (FACTS, SLUG)])
def test_the_second_of_the_two_makes_the_release(
    server: PlatformServer,
    storage: HerokuStorage,
    files: dict[str, Path],
    order: tuple[str, str],
    tmp_path: Path,
) -> None:
    storage.put(order[0], files[order[0]])
    assert server.seen == []
    storage.put(order[1], files[order[1]])
    (slug,) = server.slugs.values()
    assert slug['process_types'] == {'web': 'npm start'} and slug['checksum'] == f'SHA256:{CHECKSUM}'
    assert [release['app']['name'] for release in server.releases] == ['hello-live']
    assert list(storage.list()) == [FACTS, SLUG]
    assert not (tmp_path / 'kept' / SLUG).exists(), 'its bytes are at the platform now'
    with storage.open(SLUG) as stream:
        assert stream.read() == BYTES
    assert json.loads(files[FACTS].read_text())['commit'] == slug['commit']


def test_a_refusal_is_told_and_the_next_try_works(
    server: PlatformServer, storage: HerokuStorage, files: dict[str, Path]
) -> None:
    storage.put(SLUG, files[SLUG])
    server.faults.append(
        says(403, b'{"id": "forbidden", "message": "You do not have access to the app hello-live."}')
    )
    with pytest.raises(StorageError, match=r'403 .*You do not have access to the app hello-live'):
        storage.put(FACTS, files[FACTS])
    storage.put(FACTS, files[FACTS])
    assert len(server.releases) == 1


@pytest.mark.parametrize('order', [(SLUG, FACTS), (FACTS, SLUG)])
def test_what_did_not_become_a_release_is_not_taken_for_stored_by_the_next_push(
    server: PlatformServer, storage: HerokuStorage, files: dict[str, Path], order: tuple[str, str]
) -> None:
    def store(name: str) -> None:
        put_verified(storage, name, files[name], hashlib.sha256(files[name].read_bytes()).hexdigest())

    server.faults.append(says(403, b'{"id": "forbidden", "message": "no"}'))
    store(order[0])
    with pytest.raises(StorageError, match='403'):
        store(order[1])
    assert server.releases == []
    for _ in range(2):
        for name in order:
            store(name)
        assert len(server.releases) == 1


def test_what_is_known_of_a_slug_can_be_forgotten(storage: HerokuStorage, files: dict[str, Path]) -> None:
    for name in (SLUG, FACTS):
        storage.put(name, files[name])
    for name in (SLUG, FACTS):
        storage.delete(name)
    assert list(storage.list()) == []


def test_the_token_comes_from_the_environment(
    server: PlatformServer, files: dict[str, Path], tmp_path: Path
) -> None:
    around = Surroundings(folder=tmp_path, environ={'HEROKU_API_KEY': TOKEN})
    storage = storage_from_urls([f'heroku:{server.address}?app={{app}}-live'], around)
    for name in (SLUG, FACTS):
        storage.put(name, files[name])
    assert len(server.releases) == 1
    assert TOKEN not in repr(around)


@pytest.mark.parametrize(
    'url', ['heroku:http://example.com', 'heroku:?stak=x', 'heroku:?app={name}', 'heroku:https://me:x@host']
)
def test_an_address_that_cannot_be_used_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        storage_from_urls([url], Surroundings(folder=tmp_path, environ={'HEROKU_API_KEY': TOKEN}))
