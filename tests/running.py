"""Instances for tests, on the stand-in of an engine or on a real one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec, PublishedPort, Sandbox
from gitreceive.model.instance import Instance, InstanceName, InstanceSpec
from gitreceive.run.ports import Instances, Observed, OneOff
from tests.fakes_run import FakeEngine, FakeInstances, FakeObserved, FakeOneOff, Script

HELLO, OTHER = AppName('hello'), AppName('other')

LIVES = 'exec sleep 1000'
ENDS = 'echo one; echo two; exit 3'
TALKS = 'echo hello; exec sleep 1000'
CRASHES = 'trap "exit 9" USR1; while :; do sleep 0.05; done'
"""Lives until it is told to crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """An engine as its ports; ``crash`` ends a process with status 9, ``impossible`` is what cannot be started.

    ``busy``: whether a command runs.
    """

    image: str
    instances: Instances
    observed: Observed
    one_off: OneOff
    crash: Callable[[Instance], None]
    impossible: Callable[[], InstanceSpec]
    busy: Callable[[], bool]


def spec_of(
    rig: Rig, script: str, *, app: AppName = HELLO, number: int = 1, port: int = 0, published: bool = False
) -> InstanceSpec:
    """``web.<number>`` of the first release of an app, which runs a shell script."""
    return InstanceSpec(
        app=app,
        release=1,
        name=InstanceName('web', number),
        container=ContainerSpec(
            image=rig.image,
            command=('bash', '-c', script),
            user='1000',
            directory='/',
            env={},
            port=PublishedPort(inside=port, outside=0) if port else None,
            sandbox=Sandbox(pids=64),
        ),
        memory=64_000_000,
        published=published,
    )


@contextmanager
def fake_rig() -> Iterator[Rig]:
    """The stand-in."""
    engine = FakeEngine(
        {
            ('bash', '-c', ENDS): Script(lines=('one', 'two'), status=3),
            ('bash', '-c', TALKS): Script(lines=('hello',)),
        }
    )
    one_off = FakeOneOff(engine)

    def impossible() -> InstanceSpec:
        engine.refused.add('web')
        return spec_of(rig, LIVES)

    rig = Rig(
        image='image',
        instances=FakeInstances(engine),
        observed=FakeObserved(engine),
        one_off=one_off,
        crash=lambda instance: engine.end(instance, 9),
        impossible=impossible,
        busy=lambda: bool(one_off.ran),
    )
    yield rig


def without_image(spec: InstanceSpec) -> InstanceSpec:
    """The same, of an image that no engine has."""
    return replace(spec, container=replace(spec.container, image=f'sha256:{"0" * 64}'))
