"""The first start of each process must succeed; after that they are kept running."""

import os
import threading
import time
from pathlib import Path

from gitreceive.cli.supervisor import Supervised, Supervisor
from tests.signals import unnoticed

SERVES = 'echo 1 >&$GITRECEIVE_READY; eval "exec $GITRECEIVE_READY>&-"; '


def part(script: str) -> Supervised:
    return Supervised(command=('bash', '-c', script), environment=os.environ)


def run(*scripts: str, stop_when: Path | None = None) -> int:
    supervisor, found = Supervisor(), []
    thread = threading.Thread(target=lambda: found.append(supervisor.run([part(one) for one in scripts])))
    thread.start()
    deadline = time.monotonic() + 20
    while stop_when and not stop_when.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if stop_when:
        supervisor.stop()
    thread.join(20)
    assert not thread.is_alive()
    return found[0]


def test_one_that_refuses_to_start_ends_all_with_its_status(tmp_path: Path) -> None:
    first, second = tmp_path / 'first', tmp_path / 'second'
    assert run(f'touch {first}; {SERVES} exec sleep 60', 'exit 14', f'touch {second}') == 14
    assert first.exists() and not second.exists()


def test_the_second_is_started_when_the_first_serves(tmp_path: Path) -> None:
    order = tmp_path / 'order'
    done = tmp_path / 'done'
    first = f'sleep 0.3; echo first >>{order}; {SERVES} exec sleep 60'
    assert run(first, f'echo second >>{order}; touch {done}; {SERVES} exec sleep 60', stop_when=done) == 0
    assert order.read_text().split() == ['first', 'second']


def test_one_that_was_killed_before_it_served_is_started_again(tmp_path: Path) -> None:
    killed, done = tmp_path / 'killed', tmp_path / 'done'
    script = f'[ -e {killed} ] || {{ touch {killed}; kill -9 $$; }}; touch {done}; {SERVES} exec sleep 60'
    assert run(script, stop_when=done) == 0


def test_one_that_has_served_is_started_again_whatever_its_status(tmp_path: Path) -> None:
    begun, done = tmp_path / 'begun', tmp_path / 'done'
    script = f'[ -e {begun} ] && {{ touch {done}; exec sleep 60; }}; touch {begun}; {SERVES} exit 10'
    assert run(script, stop_when=done) == 0


def test_a_signal_that_interrupts_nothing_ends_the_supervisor_too(tmp_path: Path) -> None:
    supervisor, begun = Supervisor(), tmp_path / 'begun'
    script = f'touch {begun}; {SERVES} exec sleep 60'
    with unnoticed(supervisor.stop, begun.exists, rescue=supervisor.stop):
        supervisor.run([part(script)])


def test_one_that_never_says_that_it_serves_is_ended_by_a_signal(tmp_path: Path) -> None:
    supervisor, begun = Supervisor(), tmp_path / 'begun'
    with unnoticed(supervisor.stop, begun.exists, rescue=supervisor.stop):
        assert supervisor.run([part(f'touch {begun}; exec sleep 60')]) == 0
