"""The sysadmin stops what runs while the daemon does; nobody else can, and the daemon starts nothing after it."""

import pytest

from gitreceive.daemon.halting import halt_all
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor
from gitreceive.model.errors import AccessDenied, BadCommand
from gitreceive.run.parts import Running
from tests.running_receiver import RunningReceiver
from tests.unit.run.conftest import here

__all__ = ['here']

ROOT = Actor(name='root')


def told(actor: Actor, running: Running | None, ended: list[bool]) -> str:
    answering, said = halt_all(actor, running, lambda: ended.append(True)), b''
    try:
        while True:
            said += next(answering)
    except StopIteration as stop:
        assert stop.value == End(0)
        return said.decode()


def test_work_ends_before_all_that_runs_is_stopped(here: RunningReceiver) -> None:
    here.deploy()
    ended: list[bool] = []
    lines = told(ROOT, here.running, ended).splitlines()
    assert lines[0].startswith('Stopped hello ')
    assert 'carries nothing out' in lines[-1]
    assert ended == [True]
    assert here.runs() == []


def test_a_key_does_not_halt_whatever_it_reaches(here: RunningReceiver) -> None:
    here.deploy()
    before, ended = here.runs(), list[bool]()
    with pytest.raises(AccessDenied):
        told(Actor(name='ann', key='SHA256:ann'), here.running, ended)
    assert (here.runs(), ended) == (before, [])


def test_where_nothing_is_run_there_is_nothing_to_stop() -> None:
    with pytest.raises(BadCommand):
        told(ROOT, None, [])
