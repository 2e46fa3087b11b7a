"""Instances that write too much are ended, and it is said."""

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec
from gitreceive.model.instance import InstanceName, InstanceSpec
from gitreceive.run import disks
from gitreceive.run.disks import DiskWatch
from tests.fakes_run import FakeDisks, FakeEngine
from tests.waiting import within

HELLO = AppName('hello')


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def found(engine: FakeEngine) -> FakeDisks:
    container = ContainerSpec(image='image', command=(), user='', directory='', env={})
    made = FakeDisks(engine)
    for number, written in ((1, 5), (2, 500)):
        name = InstanceName('web', number)
        one = engine.begin(InstanceSpec(app=HELLO, release=1, name=name, container=container, memory=1))
        made.written[one.id] = written
    return made


def test_it_is_said_who_has_written_too_much(
    engine: FakeEngine, found: FakeDisks, caplog: pytest.LogCaptureFixture
) -> None:
    DiskWatch(found, 100).look()
    assert [str(one.name) for one in engine.found] == ['web.1']
    assert 'web.2 of hello has written 500 bytes to its disk' in caplog.text
    assert 'run.disk_bytes is 100' in caplog.text


def test_it_looks_until_it_is_closed_also_when_the_engine_was_gone(
    engine: FakeEngine, found: FakeDisks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(disks, 'SECONDS', 0.01)
    engine.gone = True
    watch = DiskWatch(found, 100)
    watch.start()
    assert within(30, lambda: 'are not watched' in caplog.text)
    engine.gone = False
    assert within(30, lambda: len(engine.found) == 1)
    watch.close()
    watch.join(30)
    assert not watch.is_alive()


def test_without_a_limit_nobody_looks(found: FakeDisks) -> None:
    watch = DiskWatch(found, 0)
    watch.start()
    watch.join(30)
    assert not watch.is_alive()
