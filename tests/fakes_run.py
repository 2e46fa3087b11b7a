"""An engine in memory that keeps the promises of what runs releases; it passes the same contract suite as the real one."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from gitreceive.model.app import AppName
from gitreceive.model.errors import EngineGone, RunError
from gitreceive.model.instance import Filled, Instance, InstanceSpec, InstanceState, LogLine, Usage
from gitreceive.model.progress import Cancellation
from gitreceive.model.release import Release

PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a process does: prints ``lines``, then ends with ``status``, or lives on if that is None."""

    lines: tuple[str, ...] = ()
    status: int | None = None


@dataclass(slots=True, kw_only=True)
class _Container:
    instance: Instance
    spec: InstanceSpec
    script: Script
    kept: bool = False
    printed: list[LogLine] = field(default_factory=list)


class FakeEngine:
    """Instances are in ``found``; what a process does is in ``scripts``, by its command (else it lives on, silent).

    While ``gone``, everything raises EngineGone. ``missing`` releases have no image; ``refused`` process types cannot
    be started. ``backs_off``: a kept instance that crashes is not started again until ``come_back``.
    """

    def __init__(self, scripts: Mapping[tuple[str, ...], Script] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.containers: dict[str, _Container] = {}
        self.images: dict[tuple[AppName, int], str] = {}
        self.gone = False
        self.missing: set[tuple[AppName, int]] = set()
        self.refused: set[str] = set()
        self.backs_off = False
        self.calls: list[str] = []
        self.changed = threading.Condition(threading.RLock())
        self._wakes: list[Callable[[AppName], None]] = []
        self._numbers = itertools.count(1)
        self._clock = itertools.count(1_700_000_000)

    @property
    def found(self) -> Sequence[Instance]:
        return [container.instance for container in self.containers.values()]

    def check(self) -> None:
        if self.gone:
            raise EngineGone('the Docker engine went away: is it running?')

    def call(self, text: str) -> None:
        """Notes a call that changes something. Raises EngineGone."""
        self.check()
        self.calls.append(text)

    def script(self, spec: InstanceSpec) -> Script:
        return self.scripts.get(spec.container.command, Script())

    def begin(self, spec: InstanceSpec) -> Instance:
        number = next(self._numbers)
        inside = spec.container.port.inside if spec.container.port else 0
        instance = Instance(
            id=f'{number:064x}',
            app=spec.app,
            release=spec.release,
            name=spec.name,
            state=InstanceState.STARTING,
            since=0.0,
            address='127.0.0.1' if spec.published else f'10.1.0.{number + 1}',
            port=40_000 + number if spec.published and inside else inside,
        )
        self.containers[instance.id] = _Container(instance=instance, spec=spec, script=self.script(spec))
        self.run(instance.id)
        return self.containers[instance.id].instance

    def run(self, identity: str) -> None:
        """Lets the process of a container begin, and end if its script says so."""
        container = self.containers[identity]
        now = float(next(self._clock))
        state = InstanceState.UP if container.kept else InstanceState.STARTING
        container.instance = replace(container.instance, since=now, state=state, exit_status=None)
        container.printed += [
            LogLine(at=now, name=container.spec.name, text=x) for x in container.script.lines
        ]
        self.wake(container.spec.app)
        if container.script.status is not None:
            self.end(container.instance, container.script.status, again=False)

    def end(self, instance: Instance, status: int = 1, *, again: bool = True) -> None:
        """Lets the process of an instance crash; a kept one is started ``again``."""
        container = self.containers[instance.id]
        state = InstanceState.CRASHED if container.kept else InstanceState.ENDED
        container.instance = replace(container.instance, state=state, exit_status=status)
        self.wake(instance.app)
        if container.kept and again and not self.backs_off:
            self.come_back(instance)

    def come_back(self, instance: Instance) -> None:
        """Starts a crashed instance again, as an engine does after a while."""
        container = self.containers[instance.id]
        container.instance = replace(container.instance, restarts=container.instance.restarts + 1)
        self.run(instance.id)

    def wake(self, app: AppName) -> None:
        with self.changed:
            self.changed.notify_all()
        for wake in tuple(self._wakes):
            wake(app)

    @contextmanager
    def waking(self, wake: Callable[[AppName], None]) -> Iterator[None]:
        self._wakes.append(wake)
        try:
            yield
        finally:
            self._wakes.remove(wake)


class FakeImages:
    """Satisfies ``Images``; ``fetched`` are those that were not there, ``prepared`` the stacks."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.fetched: list[tuple[AppName, int]] = []
        self.prepared: list[str] = []

    def ensure(self, release: Release, cancellation: Cancellation) -> str:
        cancellation.check()
        self._engine.check()
        key = (release.app, release.version)
        if key not in self._engine.images:
            if key in self._engine.missing:
                raise RunError(f'the engine cannot fetch the image of {release.app} v{release.version}')
            self.fetched.append(key)
            words = f'{release.app} {release.version}'.encode()
            self._engine.images[key] = f'sha256:{hashlib.sha256(words).hexdigest()}'
        return self._engine.images[key]

    def prepare(self, stack: str) -> None:
        self._engine.check()
        self.prepared.append(stack)

    def remove(self, kept: Callable[[AppName, int], bool]) -> int:
        self._engine.check()
        used = {(one.app, one.release) for one in self._engine.found}
        going = [key for key in self._engine.images if key not in used and not kept(*key)]
        for key in going:
            del self._engine.images[key]
        return len(going)


class FakeInstances:
    """Satisfies ``Instances``."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def start(self, spec: InstanceSpec) -> Instance:
        self._engine.call(f'start {spec.app} v{spec.release} {spec.name}')
        if spec.name.process in self._engine.refused:
            raise RunError(f'the engine cannot start {spec.name} of {spec.app}')
        return self._engine.begin(spec)

    def keep(self, instance: Instance) -> None:
        self._engine.call(f'keep {instance.app} v{instance.release} {instance.name}')
        container = self._engine.containers.get(instance.id)
        if container is None:
            raise RunError(f'{instance.name} of {instance.app} is gone')
        container.kept = True
        if container.instance.state is InstanceState.ENDED:
            self._engine.run(instance.id)
        elif container.instance.state is InstanceState.STARTING:
            container.instance = replace(container.instance, state=InstanceState.UP)

    def find(self, app: AppName | None = None) -> Sequence[Instance]:
        self._engine.check()
        return [one for one in self._engine.found if app in (None, one.app)]

    def stop(self, instance: Instance, grace: float) -> None:
        self._engine.call(f'stop {instance.app} v{instance.release} {instance.name}')
        if self._engine.containers.pop(instance.id, None):
            self._engine.wake(instance.app)

    def leave(self) -> None:
        self._engine.check()

    def changes(self, wake: Callable[[AppName], None]) -> AbstractContextManager[None]:
        return self._engine.waking(wake)


class FakeObserved:
    """Satisfies ``Observed``; every instance uses 1 MB and a tenth of a core, and web processes listen by ``tables``."""

    def __init__(self, engine: FakeEngine, tables: str = '') -> None:
        self._engine, self.tables = engine, tables

    def usage(self, instances: Sequence[Instance]) -> Mapping[str, Usage]:
        self._engine.check()
        return {
            one.id: Usage(memory=1_000_000, memory_limit=self._spec(one).memory, cpus=0.1)
            for one in instances
            if one.id in self._engine.containers and self._runs(one)
        }

    def logs(self, instance: Instance, *, since: float = 0.0, last: int = -1) -> Iterator[LogLine]:
        self._engine.check()
        container = self._engine.containers.get(instance.id)
        printed = [line for line in container.printed if line.at >= since] if container else []
        yield from printed[max(0, len(printed) - last) :] if last >= 0 else printed

    @contextmanager
    def follow(self, instance: Instance, since: float) -> Iterator[Iterator[LogLine]]:
        self._engine.check()
        ended = threading.Event()
        try:
            yield self._following(instance, since, ended)
        finally:
            ended.set()

    def sockets(self, instance: Instance) -> str:
        self._engine.check()
        return self.tables if self._runs(instance) else ''

    def _following(self, instance: Instance, since: float, ended: threading.Event) -> Iterator[LogLine]:
        given = 0
        while not ended.is_set():
            with self._engine.changed:
                lines = list(self.logs(instance, since=since))[given:]
                if not lines and not self._runs(instance):
                    return
                if not lines:
                    self._engine.changed.wait(0.05)
            yield from lines
            given += len(lines)

    def _spec(self, instance: Instance) -> InstanceSpec:
        return self._engine.containers[instance.id].spec

    def _runs(self, instance: Instance) -> bool:
        container = self._engine.containers.get(instance.id)
        return container is not None and container.instance.state in (
            InstanceState.STARTING,
            InstanceState.UP,
        )


class FakeOneOff:
    """Satisfies ``OneOff``: a script that has no status lives until it is cancelled."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.ran: list[InstanceSpec] = []

    def run(self, spec: InstanceSpec, output: Callable[[bytes], None], cancellation: Cancellation) -> int:
        cancellation.check()
        self._engine.call(f'run {spec.app} v{spec.release} {spec.name}')
        self.ran.append(spec)
        script, stopped = self._engine.script(spec), threading.Event()
        with cancellation.call_on_stop(stopped.set):
            for line in script.lines:
                output(f'{line}\n'.encode())
            if script.status is None:
                assert stopped.wait(PATIENCE), 'nobody has stopped it'
        cancellation.check()
        return script.status or 0

    def remove_left(self) -> int:
        self._engine.check()
        return 0


class FakeDisks:
    """Satisfies ``Disks``; ``written`` are the bytes of instances, by id."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.written: dict[str, int] = {}

    def end_larger(self, most: int) -> Sequence[Filled]:
        self._engine.check()
        found = [one for one in self._engine.found if self.written.get(one.id, 0) > most]
        for one in found:
            del self._engine.containers[one.id]
            self._engine.wake(one.app)
        return [Filled(app=one.app, name=one.name, written=self.written[one.id]) for one in found]


class FakeIsolation:
    """Satisfies ``Isolation``; ``missing`` is why it is not in force."""

    def __init__(self, missing: str = '') -> None:
        self.missing, self.asked = missing, 0

    def ensure(self) -> str:
        self.asked += 1
        return self.missing

    def lift(self) -> None:
        self.asked = 0
