"""What verbs answer that have something carried out: one line, a log, or one JSON document."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.commands.plan import Plans
from gitreceive.config.settings import Settings
from gitreceive.daemon.conversation import AskerGone
from gitreceive.daemon.verbs import answer_verb
from gitreceive.daemon.verbs.parts import Parts
from gitreceive.grammar.wire import End, ErrorOutput, Frame
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand
from gitreceive.model.instance import Scale
from gitreceive.model.operation import (
    Configure,
    Operation,
    OperationRequest,
    OperationState,
    Promote,
    Rename,
    Rescale,
)
from gitreceive.model.process import ProcessType
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.repositories import ensure_repository
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome
from tests.releases import release_of

Ended = Callable[[Operation], object]


class Daemon:
    """Answers verbs; each operation is carried out by ``work`` as soon as it is submitted."""

    def __init__(self, here: ReceiverHome, running: Any) -> None:
        self.here, self.running = here, running
        self.submitted: list[OperationRequest] = []
        self.work: Ended = self.release

    def submit(self, app: AppName, request: OperationRequest, actor: Actor, session: str = '') -> Operation:
        operation = self.here.journal.operations.submit(app, request, actor)
        self.submitted.append(request)
        claimed = self.here.journal.operations.claim(builds=False, retries=False)
        assert claimed and claimed.number == operation.number
        self.work(claimed)
        return operation

    def release(self, operation: Operation) -> Release:
        slug = StoredSlug(sha256=f'{operation.number:064x}', size=1)
        web = ProcessType(name='web', command='./web')
        return self.here.journal.releases.record(operation, release_of(operation, slug, processes=(web,)), {})

    def fail(self, operation: Operation) -> None:
        with self.here.logs.open(operation.number) as console:
            console.detail('web.1 crashed: no module named flask')
        self.here.journal.operations.finish(operation.number, OperationState.FAILED, 'it did not come up')

    def ask(self, *words: str, given: bytes = b'') -> tuple[int, str, str]:
        parts = Parts(
            receiver=replace_running(self.here, self.running),
            settings=Settings(home=self.here.home.root),
            plans=cast(Plans, None),
            follower=self.here.follower,
            queue=self.here.queue,
            submit=self.submit,
        )
        answering, out = answer_verb(parts, ANN, words, Asking(given)), {False: b'', True: b''}
        try:
            while True:
                piece = next(answering)
                out[isinstance(piece, ErrorOutput)] += piece
        except StopIteration as end:
            assert isinstance(end.value, End)
            return end.value.status, out[False].decode(), out[True].decode()


class Asking:
    """Somebody who stays."""

    def __init__(self, given: bytes) -> None:
        self._given = given

    def read_input(self, limit: int) -> bytes:
        return self._given

    def receive(self) -> Frame:
        raise AskerGone

    receive_control = receive

    def wait_for_reader(self) -> None:
        pass

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()


def replace_running(here: ReceiverHome, running: Any) -> Any:
    slugs = SimpleNamespace(url=lambda release: f'file:///{release.slug.sha256}')
    return SimpleNamespace(home=here.home, journal=here.journal, running=running, slugs=slugs)


class Running:
    """What runs nothing, and hears of routes."""

    def __init__(self) -> None:
        self.told: list[AppName] = []
        self.traffic = SimpleNamespace(again=self.told.append)
        nobody = SimpleNamespace(find=lambda app: [], usage=lambda instances: {})
        self.ports = SimpleNamespace(instances=nobody, observed=nobody)


@pytest.fixture
def daemon(here: ReceiverHome) -> Daemon:
    """hello runs v1."""
    ensure_repository(here.home.repo(HELLO))
    here.journal.apps.add(HELLO, MAIN)
    made = Daemon(here, Running())
    made.submit(HELLO, Configure(changed='Deploy', commit=cast(Any, '1' * 40)), ANN)
    made.submitted.clear()
    return made


def test_config_vars_make_one_release_and_one_line(daemon: Daemon) -> None:
    told = daemon.ask('config', 'set', 'hello', 'FOO=s3cret', 'BAR=1')
    assert told == (0, 'Setting FOO, BAR and restarting hello... done, v2\n', '')
    assert daemon.submitted == [Configure(changed='Set FOO, BAR', commit=cast(Any, '1' * 40))]
    assert (
        daemon.ask('config', 'unset', 'hello', 'FOO')[1] == 'Unsetting FOO and restarting hello... done, v3\n'
    )
    assert daemon.ask('config', 'hello', 'A=1', '--unset', 'BAR')[1].startswith(
        'Setting A and unsetting BAR '
    )
    assert daemon.here.journal.apps.config(HELLO) == {'A': '1'}


def test_no_value_is_in_what_the_journal_says_of_a_change(daemon: Daemon) -> None:
    daemon.ask('config', 'set', 'hello', 'FOO=s3cret-s3cret')
    events = daemon.here.journal.events.after(0)
    assert 's3cret' not in repr(events) + repr(daemon.here.journal.operations.of(HELLO))


def test_what_changes_nothing_restarts_nothing(daemon: Daemon) -> None:
    daemon.ask('config', 'set', 'hello', 'FOO=1', '--no-restart')
    assert daemon.ask('config', 'set', 'hello', 'FOO=1') == (0, 'FOO of hello had that value already\n', '')
    assert daemon.submitted == []


@pytest.mark.parametrize(
    ('words', 'running', 'told'),
    [
        (['--no-restart'], True, 'The next release has it; v1 goes on without it'),
        ([], False, 'The next build has it; "rebuild hello" makes one'),
    ],
)
def test_who_restarts_nothing_is_told_when_the_change_counts(
    daemon: Daemon, words: list[str], running: bool, told: str
) -> None:
    if not running:
        daemon.running = None
    out = daemon.ask('config', 'set', 'hello', 'FOO=1', *words)[1]
    assert out == f'Set FOO on hello\n{told}\n'
    assert daemon.submitted == []
    assert daemon.here.journal.apps.config(HELLO) == {'FOO': '1'}


def test_before_the_first_release_config_vars_wait_for_it(daemon: Daemon) -> None:
    ensure_repository(daemon.here.home.repo(AppName('other')))
    out = daemon.ask('config', 'set', 'other', 'FOO=1')[1]
    assert out == 'Set FOO on other\nIts first release has it\n'


def test_a_change_that_does_not_come_up_says_so_with_its_log(daemon: Daemon) -> None:
    daemon.work = daemon.fail
    status, out, err = daemon.ask('config', 'set', 'hello', 'FOO=1')
    assert (status, out) == (1, 'Setting FOO and restarting hello... failed\n')
    assert 'no module named flask' in err
    assert 'it did not come up' in err


def test_machines_get_one_document_of_what_was_carried_out(daemon: Daemon) -> None:
    status, out, _ = daemon.ask('ps', 'scale', 'hello', 'web=2', '--json')
    found = json.loads(out)
    assert (status, found['status'], found['release'], found['cause']) == (0, 'succeeded', 2, '')
    daemon.work = daemon.fail
    status, out, err = daemon.ask('rollback', 'hello', 'v1', '--json')
    assert (status, json.loads(out)['cause'], err) == (1, 'it did not come up', '')
    detached = json.loads(daemon.ask('ps', 'restart', 'hello', '--json', '--detach')[1])
    assert detached['build'] == len(daemon.submitted) + 1


def test_processes_are_scaled_limited_restarted_stopped_and_started(daemon: Daemon) -> None:
    daemon.work = lambda operation: daemon.here.journal.operations.done(operation)
    assert daemon.ask('ps', 'scale', 'hello', 'web=2')[1] == 'Scaling hello: web=2... done\n'
    assert daemon.ask('ps', 'limits', 'hello', 'web', '--memory', '64M')[0] == 0
    assert daemon.submitted[-1] == Rescale(formation={'web': Scale(count=1, memory=64_000_000)})
    assert daemon.ask('ps', 'restart', 'hello', 'web')[1] == 'Restarting web of hello... done\n'
    assert daemon.ask('ps', 'stop', 'hello')[1] == 'Stopping hello... done\n'
    assert daemon.ask('ps', 'restart', 'hello', '--detach')[1] == 'Restart of hello is queued\n'
    with pytest.raises(BadCommand, match='--memory SIZE'):
        daemon.ask('ps', 'limits', 'hello', 'web')


def test_instances_and_formations_are_listed(daemon: Daemon) -> None:
    assert [row['state'] for row in json.loads(daemon.ask('ps', 'hello', '--json')[1])] == ['down']
    header, row = daemon.ask('ps')[1].splitlines()
    assert header.split() == ['app', 'process', 'state', 'since', 'restarts', 'memory', 'cpu', 'release']
    assert row.split() == ['hello', 'web.1', 'down', '-', '0', '-', '-', 'v1']
    for words in (['ps', 'scale', 'hello'], ['ps', 'limits', 'hello']):
        assert daemon.ask(*words)[1].splitlines()[1].split() == ['web', '1', 'default', 'default', './web']


@pytest.mark.parametrize(
    'words',
    [
        ['ps'],
        ['ps', 'scale', 'hello', 'web=2'],
        ['ps', 'limits', 'hello'],
        ['ps', 'restart', 'hello'],
        ['ps', 'stop', 'hello'],
    ],
)
def test_where_releases_are_only_stored_it_is_said(daemon: Daemon, words: Sequence[str]) -> None:
    daemon.running = None
    with pytest.raises(BadCommand, match=r'not run here \(setting run.enabled\)'):
        daemon.ask(*words)


def test_domains_maintenance_and_sessions_are_told_to_the_router(daemon: Daemon) -> None:
    assert daemon.ask('domains', 'add', 'hello', 'www.example.com')[0] == 0
    assert [row['domain'] for row in json.loads(daemon.ask('domains', 'hello', '--json')[1])] == [
        *('hello.localhost', 'www.example.com')
    ]
    assert json.loads(daemon.ask('domains', 'remove', 'hello', 'www.example.com', '--json')[1]) == {
        'app': 'hello',
        'domain': 'www.example.com',
    }
    assert daemon.ask('maintenance', 'hello')[1] == 'maintenance of hello is off\n'
    assert daemon.ask('maintenance', 'hello', 'on')[1] == 'maintenance of hello is on\n'
    assert json.loads(daemon.ask('sessions', 'hello', 'on', '--json')[1]) == {
        'app': 'hello',
        'sessions': True,
    }
    with pytest.raises(BadCommand, match='neither on nor off'):
        daemon.ask('sessions', 'hello', 'yes')
    assert daemon.running.told == [HELLO] * 4
    info = json.loads(daemon.ask('apps', 'info', 'hello', '--json')[1])
    assert (info['maintenance'], info['sessions'], info['locked']) == (True, True, None)


def test_an_app_is_locked_and_unlocked(daemon: Daemon) -> None:
    assert daemon.ask('apps', 'lock', 'hello', '-m', 'no')[1] == 'hello is locked: no (ann)\n'
    assert json.loads(daemon.ask('apps', 'lock', 'hello', '--json')[1])['locked'] == 'no reason given (ann)'
    assert daemon.ask('apps', 'unlock', 'hello')[1] == 'hello is unlocked\n'
    assert daemon.ask('apps', 'unlock', 'hello')[1] == 'hello was not locked\n'


def test_a_release_is_shown_with_the_names_of_its_config_vars(daemon: Daemon) -> None:
    found = json.loads(daemon.ask('releases', 'show', 'hello', 'v1', '--json')[1])
    assert (found['version'], found['state'], found['processes']) == (1, 'live', {'web': './web'})
    shown = daemon.ask('releases', 'show', 'hello', 'v1')[1]
    assert 'web: ./web' in shown


def test_what_goes_on_without_a_daemon_is_not_a_success(daemon: Daemon) -> None:
    daemon.work = lambda operation: daemon.here.queue.close()
    for words in (['ps', 'restart', 'hello'], ['ps', 'restart', 'hello', '--json']):
        status, _, err = daemon.ask(*words)
        assert (status, 'The daemon is not running' in err) == (1, True)
        daemon.here.journal.operations.finish(2, OperationState.CANCELLED, 'by the test')


def test_operations_without_a_commit_are_listed_by_what_they_are(daemon: Daemon) -> None:
    daemon.work = lambda operation: daemon.here.journal.operations.done(operation)
    daemon.ask('ps', 'restart', 'hello')
    row = json.loads(daemon.ask('builds', 'hello', '--json')[1])[0]
    assert (row['what'], row['commit'], row['status']) == ('Restart of hello', '', 'succeeded')
    done = json.loads(daemon.ask('ps', 'restart', 'hello', '--json')[1])
    assert (done['commit'], done['release']) == (None, None)


def test_certificates_are_added_listed_and_removed(daemon: Daemon, tmp_path: Path) -> None:
    refreshed: list[bool] = []
    daemon.running.ports.router = SimpleNamespace(refresh=lambda: refreshed.append(True))
    pem = OwnAuthority(tmp_path / 'ca.pem', 'elsewhere').issue('hello.localhost').bundle
    status, out, _ = daemon.ask('certs', 'add', 'hello', '--file', '-', given=pem.encode())
    assert (status, 'PRIVATE' in out) == (0, False)
    assert out.startswith('hello is served with the certificate of elsewhere for hello.localhost, until ')
    (row,) = json.loads(daemon.ask('certs', 'hello', '--json')[1])
    assert (row['host'], row['origin'], row['issuer']) == ('hello.localhost', 'added', 'elsewhere')
    added = json.loads(daemon.ask('certs', 'add', 'hello', '--file', '-', '--json', given=pem.encode())[1])
    assert added['names'] == ['hello.localhost']
    assert daemon.ask('certs', 'remove', 'hello')[1] == 'hello has no certificate of its own now\n'
    assert len(refreshed) == 3
    assert daemon.ask('certs', 'ca')[1].startswith('-----BEGIN CERTIFICATE-----')
    with pytest.raises(BadCommand, match='--file - over SSH'):
        daemon.ask('certs', 'add', 'hello')


def test_an_app_is_renamed_and_promoted_by_operations(daemon: Daemon) -> None:
    daemon.work = lambda operation: daemon.here.journal.operations.done(operation)
    assert daemon.ask('apps', 'rename', 'hello', 'world', '--detach')[1].startswith(
        'Renaming of hello to world'
    )
    assert daemon.submitted == [Rename(source=HELLO, to=AppName('world'))]
    ensure_repository(daemon.here.home.repo(AppName('other')))
    assert daemon.ask('promote', 'hello', 'other', '--detach')[1] == 'Promotion of hello v1 is queued\n'
    assert isinstance(daemon.submitted[-1], Promote)


def test_where_nothing_runs_domains_are_kept_for_the_day_when_it_does(daemon: Daemon) -> None:
    daemon.running = None
    assert daemon.ask('domains', 'add', 'hello', 'www.example.com')[0] == 0
    assert daemon.here.journal.domains.of(HELLO) == ['www.example.com']
