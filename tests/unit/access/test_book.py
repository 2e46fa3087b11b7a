import json
import os
import sqlite3
import subprocess
import threading

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gitreceive.access.book import AccessBook, may
from gitreceive.access.key import PublicKey
from gitreceive.access.publickeys import read_public_keys
from gitreceive.cli.keys import keys as cli
from gitreceive.model.errors import KeyRefused, StateError


def new_line() -> bytes:
    return Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def new_key() -> PublicKey:
    return read_public_keys(new_line(), 'here')[0]


@pytest.fixture
def book(tmp_path):
    return AccessBook(tmp_path / 'access' / 'access.db')


def test_a_key_is_found_by_its_exact_bytes(book):
    key = new_key()
    book.add('alice', [key])
    found = book.find(key.blob)
    assert found is not None
    assert (found.name, found.fingerprint, found.apps) == ('alice', key.fingerprint, None)
    assert book.find(key.blob + b'\0') is None
    assert book.find(key.blob[:-1]) is None
    assert book.find(b'') is None


def test_a_grant_reaches_all_apps_or_the_named_ones(book):
    everything, one = new_key(), new_key()
    book.add('alice', [everything])
    book.add('bob', [one], frozenset({'hello', 'other'}))
    assert may(book.find(everything.blob), 'any')
    assert [may(book.find(one.blob), app) for app in ('hello', 'other', 'any')] == [True, True, False]


def test_a_key_belongs_to_one_name(book):
    key = new_key()
    book.add('alice', [key])
    for name in ('alice', 'bob'):
        with pytest.raises(KeyRefused, match='already registered for alice'):
            book.add(name, [key])


def test_several_keys_are_added_whole_or_not_at_all(book):
    first, second = new_key(), new_key()
    book.add('alice', [second])
    with pytest.raises(KeyRefused):
        book.add('bob', [first, second])
    assert [grant.name for grant in book.list()] == ['alice']


def test_keys_are_removed_by_name_or_fingerprint(book):
    keys = [new_key() for _ in range(3)]
    book.add('alice', keys[:2])
    book.add('bob', keys[2:])
    assert [grant.name for grant in book.remove(keys[0].fingerprint)] == ['alice']
    assert len(book.remove('alice')) == 1
    assert [grant.name for grant in book.list()] == ['bob']
    with pytest.raises(KeyRefused, match='no key of'):
        book.remove('alice')


@pytest.mark.parametrize('name', ['', 'a b', '-x', 'a\nb', 'x' * 65, 'é', 'a,b', 'a\0b'])
def test_names_are_plain(book, name):
    with pytest.raises(KeyRefused, match='cannot be a name'):
        book.add(name, [new_key()])


def test_a_missing_database_holds_nothing_and_is_not_made_by_looking(book):
    assert book.list() == ()
    assert book.find(b'x') is None
    assert not book.path.exists()


def test_the_file_can_be_read_by_others_and_written_by_nobody_else(book):
    before = os.umask(0)
    try:
        book.add('alice', [new_key()])
    finally:
        os.umask(before)
    assert oct(book.path.stat().st_mode)[-3:] == '644'
    assert oct(book.path.parent.stat().st_mode)[-3:] == '755'
    assert os.listdir(book.path.parent) == ['access.db']


@pytest.mark.parametrize('mode', [0o666, 0o664])
def test_a_database_that_others_can_write_is_refused(book, mode):
    book.add('alice', [new_key()])
    book.path.chmod(mode)
    with pytest.raises(StateError, match='chmod go-w'):
        book.find(b'')


def test_a_broken_database_is_an_error_that_names_it(book):
    book.path.parent.mkdir()
    book.path.write_bytes(b'broken' * 100)
    with pytest.raises(StateError, match='cannot be used'):
        book.find(b'')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can be another user')
def test_another_user_reads_it_and_cannot_write_it(open_folder, open_python):
    key, book = new_key(), AccessBook(open_folder / 'access' / 'access.db')
    book.add('alice', [key])
    script = (
        'import sys; from pathlib import Path; from gitreceive.access.book import AccessBook\n'
        f'book = AccessBook(Path({str(book.path)!r}))\n'
        f'print(book.find(bytes.fromhex({key.blob.hex()!r})).name)\n'
        'book.remove("alice")\n'
    )
    done = subprocess.run(
        [open_python, '-c', script], user=65534, group=65534, capture_output=True, text=True, cwd='/'
    )
    assert done.stdout == 'alice\n', done.stderr
    assert 'StateError' in done.stderr
    assert len(book.list()) == 1


def test_many_writers_and_readers_do_not_lose_a_key(book):
    keys = [new_key() for _ in range(20)]
    book.add('first', [new_key()])
    errors = []

    def add(key):
        try:
            book.add('alice', [key])
            assert book.find(key.blob)
        except Exception as error:  # noqa: BLE001  (whatever it is, the test has to fail)
            errors.append(error)

    threads = [threading.Thread(target=add, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(book.list()) == 21


def test_a_writer_that_holds_the_database_does_not_stop_a_reader(book):
    key = new_key()
    book.add('alice', [key])
    with sqlite3.connect(book.path, isolation_level=None) as writer:
        writer.execute('begin immediate')
        assert book.find(key.blob)


def run(home, *words, given=b''):
    return CliRunner().invoke(cli, [*words, '--home', str(home)], input=given)


def test_keys_are_managed_on_the_command_line(tmp_path):
    (tmp_path / 'k.pub').write_bytes(new_line() + b' a comment\n')
    added = run(tmp_path, 'add', 'alice', str(tmp_path / 'k.pub'))
    assert added.exit_code == 0, added.output
    assert run(tmp_path, 'add', 'bob', '--app', 'hello', '--app', 'other', given=new_line()).exit_code == 0
    listed = run(tmp_path, 'list').output
    assert [line.split()[3] for line in listed.splitlines()] == ['alice', 'bob']
    assert '(hello, other only)' in listed
    rows = json.loads(run(tmp_path, 'list', '--json').output)
    assert [(row['name'], row['apps']) for row in rows] == [('alice', None), ('bob', ['hello', 'other'])]
    assert run(tmp_path, 'remove', rows[0]['fingerprint']).exit_code == 0
    assert run(tmp_path, 'remove', 'bob').exit_code == 0
    assert 'no keys yet' in run(tmp_path, 'list').output


def test_a_file_that_is_not_there_is_named(tmp_path):
    failed = run(tmp_path, 'add', 'alice', str(tmp_path / 'nothing.pub'))
    assert isinstance(failed.exception, KeyRefused)
    assert 'nothing.pub' in str(failed.exception)


def test_a_token_opens_what_its_key_opens_until_it_is_revoked(book: AccessBook) -> None:
    key = new_key()
    (grant,) = book.add('ann', [key])
    assert book.of_token('grt_nothing') is None
    token = book.add_token('ann')
    assert book.of_token(token) == grant
    assert token.encode() not in book.path.read_bytes()
    assert book.remove_tokens(key.fingerprint) == 1
    assert book.of_token(token) is None


def test_a_token_ends_with_its_key(book: AccessBook) -> None:
    key = new_key()
    book.add('ann', [key])
    token = book.add_token('ann')
    book.remove('ann')
    assert book.of_token(token) is None
    book.add('ann', [key])
    assert book.of_token(token) is None


def test_a_token_needs_one_key_that_it_stands_for(book: AccessBook) -> None:
    with pytest.raises(KeyRefused, match='no key of'):
        book.add_token('nobody')
    book.add('ann', [new_key(), new_key()])
    with pytest.raises(KeyRefused, match='2 keys of'):
        book.add_token('ann')


def test_a_name_of_an_app_is_given_to_those_who_reach_another_and_taken_away(book):
    both, other, everybody = new_key(), new_key(), new_key()
    book.add('both', [both], frozenset({'hello', 'third'}))
    book.add('other', [other], frozenset({'other'}))
    book.add('all', [everybody])

    def reached():
        return {grant.name: grant.apps for grant in book.list()}

    before = reached()
    book.also_reach('hello', 'world')
    assert reached() == {**before, 'both': frozenset({'hello', 'third', 'world'})}
    book.reach_no_more('hello')
    assert reached() == {**before, 'both': frozenset({'third', 'world'})}
    book.reach_no_more('other')
    assert not book.find(other.blob).actor.reaches('other')
    assert book.find(everybody.blob).apps is None


def test_a_change_that_changes_nothing_makes_no_database(book):
    book.also_reach('hello', 'world')
    assert not book.path.exists()
