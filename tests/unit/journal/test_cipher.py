"""Config vars are encrypted where they are kept, with a key that is made once and asked for at each start."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.journal import Journal
from gitreceive.journal.cipher import Cipher, ensure_key, key_path
from gitreceive.journal.forgetting import forget_config
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError
from gitreceive.model.operation import redeploy
from gitreceive.model.push import Commit
from gitreceive.model.slug import StoredSlug
from tests.releases import release_of

HELLO = AppName('hello')
ANN = Actor(name='ann')
SECRET = 'postgres://u:s3cret@h/db'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with a config var, and a release that was made with it."""
    path = tmp_path / 'daemon' / 'journal.db'
    with closing(Journal(path)) as journal:
        journal.apps.add(HELLO, 'refs/heads/main')
        journal.apps.change_config(HELLO, {'URL': SECRET, 'GONE': f'{SECRET}/gone'}, ())
        journal.apps.change_config(HELLO, {}, ['GONE'])
        operation = journal.operations.submit(HELLO, redeploy(Commit('1' * 40), 'refs/heads/main'), ANN)
        journal.operations.claim(retries=False)
        release = release_of(operation, StoredSlug(sha256='a' * 64, size=1))
        journal.releases.record(operation, release, {'URL': SECRET})
    return path


def test_no_file_holds_a_config_var_in_clear_text(path: Path) -> None:
    with closing(Journal(path)) as journal:
        assert journal.apps.config(HELLO) == {'URL': SECRET}
        live = journal.releases.live(HELLO)
        assert live and journal.releases.config(live) == {'URL': SECRET}
        journal.apps.change_config(HELLO, {'URL': f'{SECRET}/2'}, ())
        for file in path.parent.iterdir():
            assert b's3cret' not in file.read_bytes(), file


def test_the_key_is_made_once_and_for_one_user(path: Path) -> None:
    key = key_path(path)
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    ensure_key(path)
    Journal(path).close()
    assert key.read_bytes() == before


def test_a_start_without_the_key_says_what_to_do(path: Path) -> None:
    key_path(path).unlink()
    with pytest.raises(StateError, match=r'config.key, is missing: restore it .*"gitreceive forget-config"'):
        Journal(path)
    assert not key_path(path).exists(), 'another key would hide that this one is missing'


@pytest.mark.parametrize('key', [b'A' * 43 + b'=', b'', b'no key', b'\0' * 44])
def test_a_start_with_another_key_says_what_to_do(path: Path, key: bytes) -> None:
    key_path(path).write_bytes(key)
    with pytest.raises(StateError, match=r'config.key is not the key .*restore the one'):
        Journal(path)


def test_a_value_that_was_tampered_with_is_not_passed_on(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE config_vars SET value = 'evil'")
        db.commit()
    with closing(Journal(path)) as journal, pytest.raises(StateError, match='cannot be decrypted'):
        journal.apps.config(HELLO)


@settings(max_examples=50)
@given(st.text())
def test_any_text_comes_back_and_is_another_one_each_time(text: str) -> None:
    cipher = Cipher(Fernet.generate_key())
    if not text.isascii():
        text = text.encode(errors='ignore').decode()
    sealed = cipher.seal(text)
    assert cipher.unseal(sealed) == text
    assert cipher.seal(text) != sealed


@pytest.mark.parametrize('key', [None, b'no key', b'A' * 43 + b'='])
def test_without_the_key_a_receiver_goes_on_without_config_vars(path: Path, key: bytes | None) -> None:
    if key is None:
        key_path(path).unlink()
    else:
        key_path(path).write_bytes(key)
    forget_config(path)
    with closing(Journal(path)) as journal:
        assert journal.apps.config(HELLO) == {}
        live = journal.releases.live(HELLO)
        assert live and journal.releases.config(live) == {}
        journal.apps.change_config(HELLO, {'URL': SECRET}, ())
    with closing(Journal(path)) as journal:
        assert journal.apps.config(HELLO) == {'URL': SECRET}
    assert (key_path(path).with_name('config.key.broken').exists()) is (key == b'no key')


def test_forgetting_makes_no_journal(tmp_path: Path) -> None:
    with pytest.raises(StateError, match='nothing to forget'):
        forget_config(tmp_path / 'journal.db')
    assert list(tmp_path.iterdir()) == []
