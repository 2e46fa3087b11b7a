"""How Google's and Azure's storage make objects of others, and how they fail."""

import base64
import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from gitreceive.adapters.storage import objects, storage_from_urls
from gitreceive.adapters.storage.objects import from_url
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError
from gitreceive.slugs.ports import Composing
from tests.azurite import ACCOUNT, KEY, Azurite
from tests.gcs_server import GoogleServer
from tests.http_server import Server, says
from tests.storages import ALL, Places


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    path = tmp_path / 'slug'
    path.write_bytes(os.urandom(1000))
    return path


def test_wrong_credentials_are_told_at_once(
    azurite_server: Azurite, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = base64.b64encode(b'canary').decode()
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', wrong)
    storage = from_url(f'az://slugs/x?account={ACCOUNT}&endpoint={azurite_server.endpoint}')
    with pytest.raises(
        StorageError, match=r'Server failed to authenticate the request.*check the credentials'
    ) as caught:
        storage.put('a', slug)
    assert wrong not in str(caught.value) and 'Debug' not in str(caught.value)


def test_a_missing_container_is_told(
    azurite_server: Azurite, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
    storage = from_url(f'az://nowhere/x?account={ACCOUNT}&endpoint={azurite_server.endpoint}')
    with pytest.raises(
        StorageError, match='az://nowhere/x: there is no such bucket or container: create it'
    ) as caught:
        storage.put('a', slug)
    assert not isinstance(caught.value, NoSuchObject), 'a mirror must not take it for a slug that was deleted'


def test_what_may_pass_is_tried_again_and_told(
    http_server: Server, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
    monkeypatch.setitem(objects.RETRIES, 'max_retries', 1)
    storage = from_url(f'az://slugs?account={ACCOUNT}&endpoint={http_server.address}')
    http_server.faults.append(says(503))
    storage.put('a', slug)
    assert list(http_server.objects.values()) == [slug.read_bytes()]
    http_server.faults.extend(
        [says(503, b'<Error><Code>ServerBusy</Code><Message>Too busy.</Message></Error>')] * 2
    )
    with pytest.raises(StorageError, match=r'cannot store a in az://slugs: .*Too busy\.'):
        storage.put('a', slug)


def test_a_vanished_endpoint_is_named(slug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
    monkeypatch.setitem(objects.RETRIES, 'max_retries', 0)
    with pytest.raises(StorageError, match=r'cannot store a in az://slugs: .*127.0.0.1:9') as caught:
        from_url(f'az://slugs?account={ACCOUNT}&endpoint=http://127.0.0.1:9').put('a', slug)
    assert KEY not in str(caught.value) and len(str(caught.value)) < 700


def test_a_vanished_endpoint_of_google_is_named(
    places: Places, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.gs()
    monkeypatch.setitem(objects.RETRIES, 'max_retries', 0)
    with pytest.raises(StorageError, match=r'cannot store a in gs://slugs: .*127.0.0.1:9'):
        from_url('gs://slugs?endpoint=http://127.0.0.1:9').put('a', slug)


def test_a_key_that_is_none_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', '!canary!')
    with pytest.raises(SettingsError, match=r'storage.url = az://slugs') as caught:
        storage_from_urls([f'az://slugs?account={ACCOUNT}'])
    assert 'canary' not in str(caught.value)


@pytest.fixture
def gs(places: Places) -> Composing:
    made = places.gs()
    assert isinstance(made, Composing)
    return made


def pieces(storage: Composing, tmp_path: Path, count: int) -> list[str]:
    """So many objects, each with its number."""
    for number in range(count):
        (tmp_path / 'piece').write_bytes(b'%d,' % number)
        storage.put(f'app/members/{number}.gz', tmp_path / 'piece')
    return [f'app/members/{number}.gz' for number in range(count)]


@pytest.mark.parametrize('kind', ['gs', 'az'])
def test_what_is_large_goes_in_parts(
    places: Places, kind: str, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, 'CHUNK', 5 << 20)
    slug.write_bytes(os.urandom(12_000_000))
    storage = ALL[kind](places)
    storage.put('app/1.tgz', slug)
    with storage.open('app/1.tgz') as stream:
        assert stream.read() == slug.read_bytes()


PUT_IN_PARTS = """
import sys
from pathlib import Path
from gitreceive.adapters.storage import objects

objects.CHUNK = 5 << 20
objects.from_url(sys.argv[1]).put('hello/1.tgz', Path(sys.argv[2]))
"""


def test_an_upload_that_is_killed_is_not_seen_and_its_parts_go_at_once(
    gs: Composing, google_server: GoogleServer, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two parts are on their way at the same time, or the first one would wait for ever for the second."""
    slug.write_bytes(os.urandom(12_000_000))
    together, url = threading.Barrier(3, timeout=60), gs.url('x').removesuffix('/x')
    monkeypatch.setattr(google_server, 'on_part', together.wait)
    command = [sys.executable, '-c', PUT_IN_PARTS, f'{url}?endpoint={google_server.endpoint}', str(slug)]
    putting = subprocess.Popen(command)
    together.wait()
    putting.kill()
    putting.wait()
    assert list(gs.list()) == []
    monkeypatch.setattr(google_server, 'on_part', None)
    gs.put('hello/1.tgz', slug)
    assert list(gs.list()) == ['hello/1.tgz']


def test_more_parts_than_google_takes_at_once_are_composed_too(
    gs: Composing, google_server: GoogleServer, tmp_path: Path
) -> None:
    parts = pieces(gs, tmp_path, 5) * 14
    gs.compose('app/1.tgz', parts)
    with gs.open('app/1.tgz') as stream:
        assert stream.read() == b'0,1,2,3,4,' * 14
    assert set(gs.list()) == {'app/1.tgz', *parts}
    assert not any('.composing' in name for name in google_server.names('slugs'))


def test_what_a_death_left_of_composing_is_not_listed_and_is_swept_when_it_is_old(
    gs: Composing, google_server: GoogleServer, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gs.put('app/1.tgz', slug)
    left = gs.url('app').removeprefix('gs://slugs/').removesuffix('app') + '.composing/1'
    google_server.put('slugs', left, b'left')
    assert list(gs.list()) == ['app/1.tgz']
    assert gs.sweep() == 0
    monkeypatch.setattr(objects, 'STALE', timedelta(seconds=-60))
    assert gs.sweep() == 1
    assert left not in google_server.names('slugs')
    assert list(gs.list()) == ['app/1.tgz']


def test_a_composition_that_google_refuses_is_told_in_its_words(
    gs: Composing, google_server: GoogleServer, tmp_path: Path
) -> None:
    parts = pieces(gs, tmp_path, 2)
    said = {'error': {'code': 403, 'message': 'You may not.'}}
    google_server.refusals.append((403, json.dumps(said).encode()))
    with pytest.raises(StorageError, match=r'403.*You may not\..*check the credentials') as caught:
        gs.compose('app/1.tgz', parts)
    assert google_server.token not in str(caught.value)
    google_server.refusals.append((503, b''))
    assert gs.compose('app/1.tgz', parts) == gs.url('app/1.tgz'), 'what may pass is tried again'


def test_a_token_that_google_does_not_know_is_told_at_once(
    gs: Composing, google_server: GoogleServer, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_server, 'token', 'another one')
    gs.put('a', slug)
    monkeypatch.setattr(google_server, 'token', 'canary')
    with pytest.raises(
        StorageError, match=r'cannot store a in gs://.*Who are you\?.*check the credentials'
    ) as caught:
        gs.put('a', slug)
    assert 'another one' not in str(caught.value)


def test_credentials_that_there_are_not_are_told(
    google_server: GoogleServer, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('GOOGLE_APPLICATION_CREDENTIALS', str(tmp_path / 'nothing.json'))
    storage = from_url(f'gs://slugs/x?endpoint={google_server.endpoint}')
    with pytest.raises(
        StorageError, match=r'cannot store a in gs://slugs/x: .*nothing.json was not found.*check the cred'
    ):
        storage.put('a', slug)
    assert isinstance(storage, Composing)


def test_a_service_account_that_was_locked_is_told(
    gs: Composing, google_server: GoogleServer, slug: Path
) -> None:
    google_server.refusals.append(
        (400, b'{"error": "invalid_grant", "error_description": "Account disabled"}')
    )
    with pytest.raises(StorageError, match=r'cannot store a in gs://.*Account disabled'):
        gs.put('a', slug)


def test_a_missing_bucket_of_google_is_told(places: Places, google_server: GoogleServer, slug: Path) -> None:
    places.gs()
    with pytest.raises(StorageError, match='gs://nowhere: there is no such bucket or container: create it'):
        from_url(f'gs://nowhere?endpoint={google_server.endpoint}').put('a', slug)


def test_with_a_signature_in_place_of_a_key_azure_is_sent_whole_slugs(
    azurite_server: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is let in by a signature cannot sign requests of its own."""
    url = f'az://slugs/x?account={ACCOUNT}&endpoint={azurite_server.endpoint}'
    monkeypatch.setenv('AZURE_STORAGE_SAS_TOKEN', 'sv=2023-11-03&sig=canary')
    assert not isinstance(from_url(url), Composing)
    monkeypatch.delenv('AZURE_STORAGE_SAS_TOKEN')
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
    assert isinstance(from_url(url), Composing)


def test_a_composition_that_azure_refuses_is_told_without_its_signature(
    http_server: Server, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
    storage = from_url(f'az://slugs?account={ACCOUNT}&endpoint={http_server.address}')
    assert isinstance(storage, Composing)
    about = {'Last_Modified': 'Wed, 25 Nov 2026 12:00:00 GMT', 'ETag': '"1"'}
    refusal = says(409, b'<Error><Message>Busy with it.</Message></Error>')
    http_server.faults.extend([says(200, slug.read_bytes(), **about), refusal])
    with pytest.raises(StorageError, match=r'PUT http://.*/whole: 409 .*Busy with it\.') as caught:
        storage.compose('whole', ['part'])
    assert 'sig=' not in str(caught.value)
