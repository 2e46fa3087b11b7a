"""What running needs of an engine: the stand-in of unit tests behaves as a real engine does."""

import threading
from collections.abc import Iterator

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, RunError
from gitreceive.model.instance import Instance, InstanceState, LogLine
from tests.running import CRASHES, ENDS, HELLO, LIVES, OTHER, STOPS, TALKS, Rig, engine_rig, fake_rig, spec_of
from tests.waiting import within

PATIENCE = 30


@pytest.fixture(params=['fake', 'engine'])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == 'fake':
        with fake_rig() as made:
            yield made
    else:
        host, image = request.getfixturevalue('docker_host'), request.getfixturevalue('stack').run_image
        with engine_rig(host, image) as made:
            yield made


def found(rig: Rig, instance: Instance) -> Instance:
    return next(one for one in rig.instances.find(instance.app) if one.id == instance.id)


def comes_to(rig: Rig, instance: Instance, state: InstanceState) -> bool:
    return within(PATIENCE, lambda: found(rig, instance).state is state)


def test_an_instance_that_was_started_is_found_with_where_it_is_reached(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, LIVES, port=5000))
    assert (started.app, started.release, str(started.name)) == (HELLO, 1, 'web.1')
    assert (started.state, started.port) == (InstanceState.STARTING, 5000)
    assert started.address
    assert list(rig.instances.find(HELLO)) == [started]


def test_a_process_that_listens_on_nothing_has_no_port(rig: Rig) -> None:
    assert rig.instances.start(spec_of(rig, LIVES)).port == 0


def test_instances_have_addresses_of_their_own(rig: Rig) -> None:
    started = [rig.instances.start(spec_of(rig, LIVES, number=number)) for number in (1, 2, 3)]
    assert len({one.address for one in started}) == 3


def test_a_published_instance_is_reached_on_the_loopback(rig: Rig) -> None:
    started = [rig.instances.start(spec_of(rig, LIVES, port=5000, published=True)) for _ in range(2)]
    assert [one.address for one in started] == ['127.0.0.1'] * 2
    assert len({one.port for one in started} - {0, 5000}) == 2


def test_instances_of_an_app_are_found_without_those_of_others(rig: Rig) -> None:
    mine = rig.instances.start(spec_of(rig, LIVES))
    other = rig.instances.start(spec_of(rig, LIVES, app=OTHER))
    assert list(rig.instances.find(OTHER)) == [other]
    assert {one.id for one in rig.instances.find()} == {mine.id, other.id}


def test_the_same_instance_of_a_release_can_be_there_twice(rig: Rig) -> None:
    first, second = (rig.instances.start(spec_of(rig, LIVES)) for _ in range(2))
    assert first.id != second.id


def test_an_instance_that_was_not_kept_is_not_started_again(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, ENDS))
    assert comes_to(rig, started, InstanceState.ENDED)
    assert found(rig, started).exit_status == 3
    assert found(rig, started).restarts == 0


def test_a_kept_instance_that_crashes_is_started_again_at_its_address(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, CRASHES, port=5000))
    rig.instances.keep(started)
    assert found(rig, started).state is InstanceState.UP
    rig.crash(started)
    assert within(PATIENCE, lambda: found(rig, started).restarts == 1)
    assert comes_to(rig, started, InstanceState.UP)
    again = found(rig, started)
    assert (again.address, again.port) == (started.address, started.port)
    assert again.since > started.since
    assert again.exit_status is None


def test_an_instance_that_ended_before_it_is_kept_is_started_again(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, CRASHES))
    rig.crash(started)
    assert comes_to(rig, started, InstanceState.ENDED)
    rig.instances.keep(started)
    assert comes_to(rig, started, InstanceState.UP)


def test_what_is_gone_cannot_be_kept(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, LIVES))
    rig.instances.stop(started, 0)
    with pytest.raises(RunError, match=r'web\.1'):
        rig.instances.keep(started)


def test_a_stopped_instance_is_gone_and_can_be_stopped_again(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, LIVES))
    rig.instances.keep(started)
    rig.instances.stop(started, 1)
    assert list(rig.instances.find()) == []
    rig.instances.stop(started, 1)


def test_one_that_ended_by_itself_can_be_stopped(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, ENDS))
    assert comes_to(rig, started, InstanceState.ENDED)
    rig.instances.stop(started, 5)
    assert list(rig.instances.find()) == []


def test_whoever_waits_is_woken_when_instances_begin_and_end(rig: Rig) -> None:
    woken: list[AppName] = []
    with rig.instances.changes(woken.append):
        started = rig.instances.start(spec_of(rig, CRASHES, app=OTHER))
        assert within(PATIENCE, lambda: OTHER in woken)
        woken.clear()
        rig.crash(started)
        assert within(PATIENCE, lambda: OTHER in woken)
    assert set(woken) == {OTHER}


def test_an_instance_that_cannot_be_started_is_an_error_that_names_it(rig: Rig) -> None:
    with pytest.raises(RunError, match=r'web\.1 of hello'):
        rig.instances.start(rig.impossible())
    assert list(rig.instances.find()) == []


@pytest.mark.parametrize('here', [True, False])
def test_what_an_instance_uses_is_told_as_long_as_it_runs(
    here: bool, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not here:  # the engine is on another host
        monkeypatch.setattr('gitreceive.adapters.docker.observed.measured', lambda container: None)
    runs = rig.instances.start(spec_of(rig, LIVES))
    ended = rig.instances.start(spec_of(rig, ENDS, number=2))
    assert comes_to(rig, ended, InstanceState.ENDED)
    usage = rig.observed.usage([runs, ended])
    assert set(usage) == {runs.id}
    assert 0 < usage[runs.id].memory < usage[runs.id].memory_limit == 64_000_000
    assert 0 <= usage[runs.id].cpus < 64


def texts(lines: Iterator[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_what_an_instance_printed_is_there_by_time_and_number_also_when_it_has_ended(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, ENDS))
    assert comes_to(rig, started, InstanceState.ENDED)
    lines = list(rig.observed.logs(started))
    assert [(str(line.name), line.text) for line in lines] == [('web.1', 'one'), ('web.1', 'two')]
    assert texts(rig.observed.logs(started, last=1)) == ['two']
    assert texts(rig.observed.logs(started, last=0)) == []
    assert texts(rig.observed.logs(started, since=lines[-1].at + 1)) == []
    assert texts(rig.observed.logs(started, since=lines[0].at)) == ['one', 'two']


def test_what_an_instance_prints_is_followed_until_it_ends(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, TALKS))
    got: list[str] = []
    with rig.observed.follow(started, 0.0) as lines:
        reading = threading.Thread(target=lambda: got.extend(line.text for line in lines))
        reading.start()
        assert within(PATIENCE, lambda: got == ['hello'])
        rig.crash(started)
        reading.join(PATIENCE)
        assert not reading.is_alive()


def test_following_ends_with_its_context(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, TALKS))
    got: list[str] = []
    with rig.observed.follow(started, 0.0) as lines:
        reading = threading.Thread(target=lambda: got.extend(line.text for line in lines))
        reading.start()
        assert within(PATIENCE, lambda: got == ['hello'])
    reading.join(PATIENCE)
    assert not reading.is_alive()


def test_an_instance_that_has_ended_has_no_sockets(rig: Rig) -> None:
    started = rig.instances.start(spec_of(rig, ENDS))
    assert comes_to(rig, started, InstanceState.ENDED)
    assert rig.observed.sockets(started) == ''


def test_a_command_gives_what_it_prints_and_its_status_and_leaves_nothing(rig: Rig) -> None:
    printed: list[bytes] = []
    assert rig.one_off.run(spec_of(rig, ENDS), printed.append, BuildClock(60)) == 3
    assert b''.join(printed) == b'one\ntwo\n'
    assert list(rig.instances.find()) == []


def test_a_command_ends_when_it_is_cancelled(rig: Rig) -> None:
    clock = BuildClock(60)
    threading.Timer(1.0, clock.stop, [BuildCancelled('superseded')]).start()
    with pytest.raises(BuildCancelled, match='superseded'):
        rig.one_off.run(spec_of(rig, STOPS), lambda data: None, clock)
    assert list(rig.instances.find()) == []


def test_a_command_that_is_cancelled_already_does_not_begin(rig: Rig) -> None:
    clock = BuildClock(60)
    clock.stop(BuildCancelled('superseded'))
    with pytest.raises(BuildCancelled):
        rig.one_off.run(spec_of(rig, STOPS), lambda data: None, clock)


def test_commands_that_are_running_are_not_instances_nor_left_behind(rig: Rig) -> None:
    clock = BuildClock(60)
    run = threading.Thread(target=stopped, args=(rig, clock))
    run.start()
    assert within(PATIENCE, rig.busy)
    assert list(rig.instances.find()) == []
    assert rig.one_off.remove_left() == 0
    clock.stop(BuildCancelled('enough'))
    run.join(PATIENCE)
    assert not run.is_alive()


def stopped(rig: Rig, clock: BuildClock) -> None:
    with pytest.raises(BuildCancelled):
        rig.one_off.run(spec_of(rig, STOPS), lambda data: None, clock)


def test_nothing_is_left_of_an_engine_s_use_where_there_are_no_instances(rig: Rig) -> None:
    rig.instances.leave()
    started = rig.instances.start(spec_of(rig, LIVES))
    rig.instances.leave()
    assert found(rig, started).id == started.id
    rig.instances.stop(started, 0)
    rig.instances.leave()
    rig.instances.leave()
    rig.instances.start(spec_of(rig, LIVES))


def test_what_has_written_too_much_is_ended_and_all_else_goes_on(rig: Rig) -> None:
    small, large = (rig.instances.start(spec_of(rig, LIVES, number=number)) for number in (1, 2))
    rig.instances.keep(large)
    rig.write(small, 10_000)
    rig.write(large, 2_000_000)
    (ended,) = rig.disks.end_larger(1_000_000)
    assert (ended.app, str(ended.name)) == (HELLO, 'web.2')
    assert ended.written >= 2_000_000
    assert [one.id for one in rig.instances.find()] == [small.id]
    assert list(rig.disks.end_larger(1_000_000)) == []
