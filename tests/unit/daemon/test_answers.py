"""What is answered to whom, by the daemon's own parts and without an engine: over SSH, and on the host."""

import io
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.access.book import AccessBook
from gitreceive.access.key import PublicKey
from gitreceive.cli import unattended
from gitreceive.config.home import Home
from gitreceive.config.settings import RunSettings, Settings
from gitreceive.daemon.answers import REQUESTS
from gitreceive.grammar.verbs import VERBS
from gitreceive.grammar.wire import ErrorOutput
from gitreceive.journal import open_journal
from tests.unit.commands.conftest import Receiver

ANN = PublicKey(algorithm='ssh-ed25519', blob=b'ann')
BOB = PublicKey(algorithm='ssh-ed25519', blob=b'bob')


class Daemon:
    """Answers requests. ``trusted``: they come from root or the daemon's own user, not from the SSH server's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(home=folder / 'home', run=RunSettings(enabled=False))
        self._monkeypatch = monkeypatch
        book = AccessBook(Home(self.settings.home).access_db)
        book.add('ann', [ANN])
        book.add('bob', [BOB], frozenset({'hello'}))

    def ask(self, *fields: str, given: bytes = b'', trusted: bool = False) -> tuple[int, str, str]:
        """The status, the output and the error output."""
        self._monkeypatch.setattr(unattended.getpass, 'getuser', lambda: 'root' if trusted else '')
        answering = unattended.respond_alone(fields, io.BytesIO(given), self.settings)
        out: dict[bool, bytes] = {False: b'', True: b''}
        try:
            while True:
                piece = next(answering)
                out[isinstance(piece, ErrorOutput)] += piece
        except StopIteration as end:
            return end.value.status, out[False].decode(), out[True].decode()

    def host(self, *words: str, given: bytes = b'') -> tuple[int, str, str]:
        """A verb on the host."""
        return self.ask('verb', '', *words, given=given, trusted=True)

    def ssh(self, key: PublicKey, *words: str, given: bytes = b'') -> tuple[int, str, str]:
        """A verb over SSH."""
        return self.ask('verb', key.fingerprint, *words, given=given)


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """With the keys of ann, who reaches all apps, and of bob, who reaches hello."""
    return Daemon(tmp_path, monkeypatch)


def test_every_verb_of_the_grammar_is_answered(daemon: Daemon) -> None:
    for name, verb in VERBS.items():
        words = [
            'nobody' if argument.kind == 'app' else 'NAME' for argument in verb.arguments if argument.required
        ]
        status, _, err = daemon.host(*name.split(), *words)
        assert 'error of the receiver itself' not in err, name
        assert status in (0, 20, 22, 23), (name, err)  # one of them locks the app


@pytest.mark.parametrize(
    'fields',
    [
        ('verb', '', 'config', 'hello', '--json'),
        ('verb', '', 'apps', 'create', 'other'),
        ('verb', 'SHA256:unknown', 'apps'),
        ('verb', '*', 'apps'),
        ('verb',),
        ('announce', 'hello', '', 'session', '0', '0', f'{"0" * 40} {"1" * 40} refs/heads/main'),
        ('push', 'hello', '', 'session', '0', '0', f'{"0" * 40} {"1" * 40} refs/heads/main'),
        ('outcome', 'hello', '', 'session'),
        ('inflight', 'hello', ''),
    ],
)
def test_a_request_without_a_registered_key_is_refused(daemon: Daemon, fields: Sequence[str]) -> None:
    daemon.host('apps', 'create', 'hello')
    daemon.host('config', 'hello', 'A=s3cret')
    status, out, err = daemon.ask(*fields)
    assert status == 1
    assert 's3cret' not in out + err
    assert not Home(daemon.settings.home).repos.joinpath('other.git').exists()


@pytest.mark.parametrize('name', ['', 'claim', 'finish', 'update', 'follow', '__init__', 'answer', 'VERB'])
def test_what_may_be_asked_is_listed_and_no_more(daemon: Daemon, name: str) -> None:
    status, _, err = daemon.ask(name, ANN.fingerprint, 'hello')
    assert status == 1
    assert 'is not a request' in err
    assert name not in REQUESTS


def test_a_key_reaches_its_apps_and_no_others_whatever_is_asked(daemon: Daemon) -> None:
    for app in ('hello', 'other'):
        daemon.host('apps', 'create', app)
        daemon.host('config', app, 'A=s3cret')
    assert json.loads(daemon.ssh(BOB, 'apps', '--json')[1])[0]['app'] == 'hello'
    assert daemon.ssh(BOB, 'config', 'hello', 'A') == (0, 's3cret\n', '')
    for name, verb in VERBS.items():
        if any(argument.kind == 'app' and argument.required for argument in verb.arguments):
            more = ['A'] * sum(each.required and each.kind != 'app' for each in verb.arguments)
            status, out, err = daemon.ssh(BOB, *name.split(), 'other', *more)
            assert status == 1, name
            assert 's3cret' not in out + err
    for words in (
        ['plan', 'other', 'main'],
        ['config', 'other', 'B=1'],
        ['builds', 'other'],
        ['config', 'other', 'A', '-'],
    ):
        assert daemon.ssh(BOB, *words, given=b'x')[0] == 1
    assert json.loads(daemon.host('config', 'other', '--json')[1]) == [{'name': 'A', 'value': 's3cret'}]


def test_a_key_that_was_taken_away_is_refused_at_once(daemon: Daemon) -> None:
    assert daemon.ssh(ANN, 'apps')[0] == 0
    AccessBook(Home(daemon.settings.home).access_db).remove('ann')
    assert daemon.ssh(ANN, 'apps')[0] == 1


def test_who_somebody_is_comes_from_the_key_alone(daemon: Daemon) -> None:
    assert json.loads(daemon.ssh(BOB, 'whoami', '--json')[1]) == {
        'name': 'bob',
        'key': BOB.fingerprint,
        'reaches': 'hello',
        'apps': 0,
    }
    assert json.loads(daemon.host('whoami', '--json')[1])['name'] == 'root'


PEM = b'-----BEGIN KEY-----\nMIIB+/=?&%\n-----END KEY-----'


def test_config_vars_are_set_in_every_way_and_shown_in_every_way(daemon: Daemon) -> None:
    daemon.host('apps', 'create', 'hello')
    status, out, _ = daemon.ssh(BOB, 'config', 'set', 'hello', 'URL=postgres://u:s3cret@h/db?a=b&c=d', 'E=')
    assert (status, 's3cret' in out) == (0, False)
    assert daemon.ssh(BOB, 'config', 'hello', 'PEM', '-', given=PEM + b'\n')[0] == 0
    assert daemon.ssh(BOB, 'config', 'set', 'hello', '--file', '-', given='F="a b"\nÉ=1'.encode())[0] == 1
    assert daemon.ssh(BOB, 'config', 'set', 'hello', '--file', '-', given='F="été"\n'.encode())[0] == 0
    assert daemon.ssh(BOB, 'config', 'get', 'hello', 'PEM')[1] == PEM.decode() + '\n'
    assert 's3cret' not in daemon.ssh(BOB, 'config', 'hello')[1]
    assert 's3cret' in daemon.ssh(BOB, 'config', 'hello', '--reveal')[1]
    found = {row['name']: row['value'] for row in json.loads(daemon.ssh(BOB, 'config', 'hello', '--json')[1])}
    assert found == {'E': '', 'F': 'été', 'PEM': PEM.decode(), 'URL': 'postgres://u:s3cret@h/db?a=b&c=d'}
    status, _, err = daemon.ssh(BOB, 'config', 'hello', '--unset', 'NOSUCH')
    assert (status, 'NOSUCH is not set' in err) == (1, True)
    assert daemon.ssh(BOB, 'config', 'unset', 'hello', 'E', 'F')[1].startswith('Removed E, F from hello')


@pytest.mark.parametrize(
    'words',
    [
        ['A=b', 'c d'],
        ['A=b', 'NAME'],
        ['set'],
        ['A', '-', '-'],
        ['--file', '-', 'A', '-'],
        ['A=b', '--unset', 'B'],
    ],
)
def test_a_change_that_is_not_clear_changes_nothing(daemon: Daemon, words: list[str]) -> None:
    daemon.host('apps', 'create', 'hello')
    assert daemon.host('config', 'hello', *words, given=b'C=d')[0] in (22, 23)
    assert json.loads(daemon.host('config', 'hello', '--json')[1]) == []


def test_exit_codes_tell_scripts_on_the_host_what_was_wrong(daemon: Daemon) -> None:
    assert daemon.host('logs', 'nobody')[0] == 22
    assert daemon.host('nothing')[0] == 23
    assert daemon.ssh(ANN, 'logs', 'nobody')[0] == 1


def test_what_is_asked_for_while_no_daemon_runs_waits_for_it(daemon: Daemon) -> None:
    daemon.host('apps', 'create', 'hello')
    status, _, err = daemon.host('apps', 'destroy', 'hello', '--confirm', 'hello')
    assert (status, 'goes on once it is back' in err) == (1, True)
    (row,) = json.loads(daemon.host('builds', 'hello', '--json')[1])
    assert row['status'] == 'queued'
    assert daemon.host('cancel', 'hello')[1].endswith('is cancelled\n')


def test_what_an_app_has_is_shown_to_people_and_to_machines(daemon: Daemon) -> None:
    home = Home(daemon.settings.home)
    with closing(open_journal(home)) as journal:
        made = Receiver(home=home, journal=journal).release()
    assert daemon.ssh(BOB, 'apps')[1].splitlines()[1].split() == ['hello', 'main', '1']
    info = json.loads(daemon.ssh(BOB, 'apps', 'info', 'hello', '--json')[1])
    assert (info['commit'], info['processes']) == (made.commit, {'web': 'node server.js'})
    assert 'web' in daemon.ssh(BOB, 'apps', 'info', 'hello')[1]
    (release,) = json.loads(daemon.ssh(BOB, 'releases', 'hello', '--json')[1])
    assert (release['version'], release['commit'], release['size']) == (1, made.commit, made.slug.size)
    assert daemon.ssh(BOB, 'releases', 'hello')[1].splitlines()[1].startswith('v1 ')
    (build,) = json.loads(daemon.ssh(BOB, 'builds', '--json')[1])
    assert (build['build'], build['status'], build['release']) == (made.operation, 'succeeded', 'v1')
    home.log(made.operation).parent.mkdir(parents=True, exist_ok=True)
    home.log(made.operation).write_text('-----> Building hello\n')
    logged = daemon.ssh(BOB, 'logs', 'hello')[1]
    assert logged.startswith('-----> Building hello\n')
    assert '"release": 1' in logged
    assert daemon.ssh(BOB, 'allow', 'hello', '/app/src/test.pem')[1].endswith('may hold what looks secret\n')
    assert daemon.ssh(BOB, 'allow', 'hello')[1] == 'path\n/app/src/test.pem\n'
    status, _, err = daemon.ssh(BOB, 'rollback', 'hello')
    assert (status, 'no release before v1' in err) == (1, True)
    assert daemon.ssh(BOB, 'cancel', 'hello')[1] == 'nothing of hello is under way\n'
