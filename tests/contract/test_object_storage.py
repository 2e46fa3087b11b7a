"""How Google's and Azure's storage fail."""

import base64
import os
from pathlib import Path

import pytest

from gitreceive.adapters.storage import objects, storage_from_url
from gitreceive.adapters.storage.objects import from_url
from gitreceive.errors import NoSuchObject, SettingsError, StorageError
from tests.azurite import ACCOUNT, KEY, Azurite
from tests.http_server import Server, says


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


def test_a_key_that_is_none_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', '!canary!')
    with pytest.raises(SettingsError, match='storage = az://slugs') as caught:
        storage_from_url(f'az://slugs?account={ACCOUNT}')
    assert 'canary' not in str(caught.value)
