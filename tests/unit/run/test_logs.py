"""Lines of instances come by time, none twice and none lost, whatever comes and goes; and who reads nothing holds up nobody."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec
from gitreceive.model.errors import EngineGone, GitReceiveError, TooMany
from gitreceive.model.instance import Instance, InstanceName, InstanceSpec, LogLine
from gitreceive.run import following
from gitreceive.run import logs as run_logs
from gitreceive.run.logs import InstanceLogs, Selection
from tests.fakes_run import FakeEngine, FakeInstances, FakeObserved
from tests.running import HELLO, OTHER
from tests.waiting import within

PATIENCE = 20


def spec_of(app: AppName, process: str, number: int) -> InstanceSpec:
    container = ContainerSpec(image='image', command=('live',), user='app', directory='/', env={})
    name = InstanceName(process, number)
    return InstanceSpec(app=app, release=1, name=name, container=container, memory=1)


class Rig:
    def __init__(self, most: int = 50) -> None:
        self.engine = FakeEngine()
        self.instances = FakeInstances(self.engine)
        self.logs = InstanceLogs(self.instances, FakeObserved(self.engine), most)
        self.masked: Callable[[str], str] = str
        self.leave: list[Callable[[], None]] = []

    def start(self, process: str = 'web', number: int = 1, app=HELLO) -> Instance:  # type: ignore[no-untyped-def]
        return self.instances.start(spec_of(app, process, number))

    def says(self, instance: Instance, at: float, *texts: str) -> None:
        with self.engine.changed:
            self.engine.containers[instance.id].printed += [
                LogLine(at=at, name=instance.name, text=text) for text in texts
            ]
            self.engine.changed.notify_all()

    def past(self, **wanted: object) -> list[str]:
        found = self.logs.past(HELLO, Selection(**wanted), lambda one: self.masked)  # type: ignore[arg-type]
        return [f'{line.name} {line.text}' for line in found]

    def follow(self, **wanted: object) -> 'Reader':
        return Reader(self, Selection(**wanted))  # type: ignore[arg-type]

    @contextmanager
    def when_gone(self, action: Callable[[], None]) -> Iterator[None]:
        self.leave.append(action)
        yield


class Reader:
    """Reads in a thread."""

    def __init__(self, rig: Rig, wanted: Selection) -> None:
        self.read: list[str] = []
        self.error: Exception | None = None
        self._rig, self._wanted = rig, wanted
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert within(PATIENCE, lambda: rig.leave or self.error)

    def _run(self) -> None:
        rig = self._rig
        try:
            for lines in rig.logs.follow(HELLO, self._wanted, lambda one: rig.masked, rig.when_gone):
                self.read += [f'{line.name} {line.text}' for line in lines]
        except GitReceiveError as error:
            self.error = error

    def comes_to(self, *lines: str) -> None:
        assert within(PATIENCE, lambda: len(self.read) >= len(lines)), self.read
        assert self.read == list(lines)

    def leaves(self) -> None:
        for action in self._rig.leave:
            action()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def test_lines_of_all_instances_are_merged_by_time() -> None:
    rig = Rig()
    one, two = rig.start(), rig.start('worker')
    rig.says(one, 10.0, 'first')
    rig.says(one, 30.0, 'third')
    rig.says(two, 20.0, 'second')
    rig.says(rig.start(app=OTHER), 15.0, 'not mine')
    assert rig.past() == ['web.1 first', 'worker.1 second', 'web.1 third']
    assert rig.past(last=2) == ['worker.1 second', 'web.1 third']
    assert rig.past(last=0) == []
    assert rig.past(since=20.0) == ['worker.1 second', 'web.1 third']
    assert rig.past(processes=('worker',)) == ['worker.1 second']
    assert rig.past(processes=('web.1', 'web.2')) == ['web.1 first', 'web.1 third']
    assert rig.past(processes=('web.2',)) == []


def test_what_is_held_of_the_last_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_logs, 'MOST_HELD', 25)
    rig = Rig()
    rig.says(rig.start(), 1.0, *(f'{number:010}' for number in range(10)))
    assert rig.past(last=100) == ['web.1 0000000008', 'web.1 0000000009']


def test_secrets_are_masked_before_and_after() -> None:
    rig = Rig()
    rig.masked = lambda text: text.replace('s3cret', '***')
    one = rig.start()
    rig.says(one, 1.0, 'a s3cret')
    assert rig.past() == ['web.1 a ***']
    reader = rig.follow()
    rig.says(one, 2.0, 'another s3cret')
    reader.comes_to('web.1 a ***', 'web.1 another ***')
    reader.leaves()


def test_following_begins_with_the_last_lines_and_tells_none_twice() -> None:
    rig = Rig()
    one = rig.start()
    rig.says(one, 5.0, 'a', 'b', 'c')
    reader = rig.follow(last=2)
    reader.comes_to('web.1 b', 'web.1 c')
    rig.says(one, 5.0, 'd')  # at the very same moment
    rig.says(one, 6.0, 'e')
    reader.comes_to('web.1 b', 'web.1 c', 'web.1 d', 'web.1 e')
    reader.leaves()


def test_following_without_lines_of_before_tells_what_comes_alone() -> None:
    rig = Rig()
    one = rig.start()
    rig.says(one, 5.0, 'a', 'b')
    reader = rig.follow(last=0)
    rig.says(one, 6.0, 'c')
    reader.comes_to('web.1 c')
    reader.leaves()


def test_instances_that_come_are_followed_and_those_that_go_are_not_missed() -> None:
    rig = Rig()
    one = rig.start()
    rig.says(one, 5.0, 'old')
    reader = rig.follow()
    reader.comes_to('web.1 old')
    two = rig.start('web', 2)
    rig.says(two, 6.0, 'new')
    reader.comes_to('web.1 old', 'web.2 new')
    rig.instances.stop(one, 0)
    rig.says(two, 7.0, 'goes on')
    reader.comes_to('web.1 old', 'web.2 new', 'web.2 goes on')
    reader.leaves()


def test_an_instance_that_crashes_and_comes_back_is_followed_on() -> None:
    rig = Rig()
    one = rig.start()
    rig.instances.keep(one)
    rig.says(one, 5.0, 'before')
    reader = rig.follow()
    reader.comes_to('web.1 before')
    rig.engine.end(one, 1)
    rig.says(one, 2_000_000_000.0, 'after')
    reader.comes_to('web.1 before', 'web.1 after')
    reader.leaves()


def test_where_nothing_runs_a_reader_waits_for_what_comes() -> None:
    rig = Rig()
    reader = rig.follow(processes=('web',))
    rig.says(rig.start('worker'), 1.0, 'not asked for')
    rig.says(rig.start('web'), 2.0, 'here')
    reader.comes_to('web.1 here')
    reader.leaves()


def test_a_reader_that_reads_nothing_does_not_pile_up_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, 'MOST_WAITING', 3)
    rig = Rig()
    taken: list[str] = []
    rig.masked = lambda text: taken.append(text) or text  # type: ignore[func-returns-value]
    one = rig.start()
    rig.says(one, 1.0, 'begin')
    pieces = rig.logs.follow(HELLO, Selection(), lambda instance: rig.masked, rig.when_gone)
    assert [line.text for line in next(pieces)] == ['begin']
    rig.says(one, 2.0, *map(str, range(100)))
    got = [line.text for line in next(pieces)]
    assert within(PATIENCE, lambda: len(taken) >= 1 + len(got) + 4)
    assert not within(0.3, lambda: len(taken) > 1 + len(got) + 4)
    while len(got) < 100:
        got += [line.text for line in next(pieces)]
    assert got == [*map(str, range(100))]
    pieces.close()  # type: ignore[attr-defined]


def test_only_so_many_instances_are_followed_at_once_and_places_come_back() -> None:
    rig = Rig(most=1)
    rig.start()
    first = rig.follow()
    leave, rig.leave = rig.leave, []
    second = rig.follow()
    assert within(PATIENCE, lambda: second.error)
    assert isinstance(second.error, TooMany)
    rig.leave = leave
    first.leaves()
    rig.leave = []
    assert within(PATIENCE, lambda: rig.follow(last=0).error is None)


def test_an_engine_that_is_gone_is_said() -> None:
    rig = Rig()
    rig.engine.gone = True
    with pytest.raises(EngineGone):
        rig.past()


def test_a_reader_that_leaves_ends_all_that_it_followed() -> None:
    rig = Rig()
    for number in (1, 2, 3):
        rig.says(rig.start('left', number), 1.0, 'here')

    def threads() -> set[str]:
        return {one.name for one in threading.enumerate() if one.name.startswith('follow left.')}

    reader = rig.follow()
    reader.comes_to('left.1 here', 'left.2 here', 'left.3 here')
    assert within(PATIENCE, lambda: threads() == {'follow left.1', 'follow left.2', 'follow left.3'})
    reader.leaves()
    assert within(PATIENCE, lambda: not threads())


def test_names_are_selected_by_type_or_instance() -> None:
    assert Selection().has(InstanceName('web', 3))
    assert Selection(processes=('web',)).has(InstanceName('web', 3))
    assert Selection(processes=('web.3',)).has(InstanceName('web', 3))
    assert not Selection(processes=('web.2', 'worker')).has(InstanceName('web', 3))
