"""What runs on without a daemon can be stopped, and starts again with the next one."""

import pytest

from gitreceive.model.errors import EngineGone
from gitreceive.run.halt import halt
from tests.running_receiver import RunningReceiver


def test_everything_ends_and_the_next_daemon_starts_it_again(here: RunningReceiver) -> None:
    here.deploy()
    before = here.runs()
    found = halt(here.running.ports, 1)
    assert sorted(f'v{one.release} {one.name}' for one in found) == before
    assert here.runs() == []
    here.restarted().supervision.look()
    assert here.runs() == before


def test_where_nothing_runs_nothing_is_ended(here: RunningReceiver) -> None:
    assert halt(here.running.ports, 1) == []


def test_without_an_engine_it_says_so(here: RunningReceiver) -> None:
    here.deploy()
    here.engine.gone = True
    with pytest.raises(EngineGone):
        halt(here.running.ports, 1)
