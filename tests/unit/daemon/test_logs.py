"""What "logs" shows of an app: its instances, a build, what made the live release, its requests."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gitreceive.model.container import ContainerSpec
from gitreceive.model.errors import BadCommand, UnknownApp
from gitreceive.model.instance import InstanceName, InstanceSpec, LogLine
from gitreceive.model.operation import Configure, OperationState, redeploy
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.repositories import ensure_repository
from gitreceive.run.logs import InstanceLogs
from tests.fakes_run import FakeEngine, FakeInstances, FakeObserved
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome
from tests.unit.daemon.test_verbs import Daemon

AT = 1_769_864_400.123456
TIME = '2026-01-31T13:00:00.123456+00:00'


class Rig:
    """A receiver with hello, of which v1 is live by a change of config vars after a failed build."""

    def __init__(self, here: ReceiverHome) -> None:
        ensure_repository(here.home.repo(HELLO))
        here.journal.apps.add(HELLO, MAIN)
        self.here, self.engine = here, FakeEngine()
        self.instances = FakeInstances(self.engine)
        logs = InstanceLogs(self.instances, FakeObserved(self.engine))
        self.daemon = Daemon(here, SimpleNamespace(logs=logs))
        self.build('no such buildpack')
        here.journal.apps.change_config(HELLO, {'SECRET': 'very s3cret'}, [])
        self.daemon.submit(HELLO, Configure(changed='Set SECRET', commit=Commit('1' * 40)), ANN)

    def build(self, text: str) -> None:
        operation = self.here.journal.operations.submit(HELLO, redeploy(NO_COMMIT, MAIN), ANN)
        assert self.here.journal.operations.claim(retries=False)
        with self.here.logs.open(operation.number) as console:
            for line in text.split('|'):
                console.detail(line)
        self.here.journal.operations.finish(operation.number, OperationState.FAILED, text)

    def start(self, process: str, text: str) -> None:
        container = ContainerSpec(image='image', command=('live',), user='app', directory='/', env={})
        spec = InstanceSpec(
            app=HELLO, release=1, name=InstanceName(process, 1), container=container, memory=1
        )
        started = self.instances.start(spec)
        self.engine.containers[started.id].printed.append(LogLine(at=AT, name=spec.name, text=text))

    def ask(self, *words: str) -> str:
        status, out, err = self.daemon.ask('logs', 'hello', *words)
        assert (status, err) == (0, '')
        return out


@pytest.fixture
def rig(here: ReceiverHome) -> Rig:
    return Rig(here)


def test_where_nothing_runs_the_newest_build_is_shown(rig: Rig) -> None:
    assert rig.ask().startswith('       no such buildpack\n')
    rig.build('one|two|three')
    assert '       one\n' in rig.ask()
    assert rig.ask('-n', '2').startswith('       two\n       three\n')
    assert 'no such buildpack' in rig.ask('--build', '1')


def test_instances_are_shown_with_times_and_names_and_without_secrets(rig: Rig) -> None:
    rig.start('web', 'connecting with very s3cret')
    rig.start('worker', 'hello')
    assert rig.ask() == f'{TIME} app[web.1]: connecting with ********\n{TIME} app[worker.1]: hello\n'
    assert rig.ask('--process', 'worker') == f'{TIME} app[worker.1]: hello\n'
    assert rig.ask('--since', '2026-02-01') == ''
    assert 'no such buildpack' in rig.ask('--source', 'build')
    assert 'no such buildpack' in rig.ask('--build', '1')


def test_values_of_config_vars_of_now_are_hidden_too(rig: Rig) -> None:
    rig.here.journal.apps.change_config(HELLO, {'NEWER': 'quite s3cret'}, [])
    rig.start('web', 'very s3cret, quite s3cret')
    assert rig.ask().endswith(': ********, ********\n')


def test_what_made_the_live_release_is_a_source_of_its_own(rig: Rig) -> None:
    with rig.here.logs.open(2) as console:
        console.detail('Starting web.1')
    rig.build('newer and failed')
    assert rig.ask('--source', 'release').startswith('       Starting web.1\n')


def test_requests_are_a_source_of_their_own(rig: Rig) -> None:
    path = rig.here.home.access_log
    path.parent.mkdir(parents=True)
    path.write_text('at=2026-01-31T13:00:00Z app=hello status=200 path="/"\n')
    assert rig.ask('--source', 'router') == '2026-01-31T13:00:00.000000+00:00 router: status=200 path="/"\n'


def test_an_engine_that_is_gone_is_said_before_the_build(rig: Rig) -> None:
    rig.engine.gone = True
    status, out, err = rig.daemon.ask('logs', 'hello')
    assert (status, 'no such buildpack' in out) == (0, True)
    assert err.startswith(' !     what the app prints cannot be read: the Docker engine went away')


def test_what_is_not_there_is_refused(rig: Rig) -> None:
    for words in (['--source', 'x'], ['--build', '99'], ['--since', 'x'], ['--process', '-']):
        with pytest.raises(BadCommand):
            rig.daemon.ask('logs', 'hello', *words)
    with pytest.raises(UnknownApp):
        rig.daemon.ask('logs', 'nobody')
    rig.daemon.running = cast(Any, None)
    assert 'no such buildpack' in rig.ask()
    with pytest.raises(BadCommand, match='not run here'):
        rig.daemon.ask('logs', 'hello', '--process', 'web')
