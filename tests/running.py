"""Instances for tests, on the stand-in of an engine or on a real one."""

import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from docker import APIClient

from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.disks import DockerDisks
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.instances import DockerInstances
from gitreceive.adapters.docker.network import InstanceNetwork
from gitreceive.adapters.docker.observed import DockerObserved
from gitreceive.adapters.docker.oneoff import DockerOneOff
from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec, PublishedPort, Sandbox
from gitreceive.model.instance import Instance, InstanceName, InstanceSpec
from gitreceive.run.ports import Disks, Instances, Observed, OneOff
from tests.fakes_run import FakeDisks, FakeEngine, FakeInstances, FakeObserved, FakeOneOff, Script
from tests.waiting import within

HELLO, OTHER = AppName('hello'), AppName('other')

LOG_BYTES = 100_000
PATIENCE = 30

LIVES = 'exec sleep 1000'
STOPS = 'trap "exit 0" TERM; while :; do sleep 0.05; done'
ENDS = 'echo one; echo two; exit 3'
TALKS = 'trap "exit 9" USR1; echo hello; while :; do sleep 0.05; done'
"""Lives until it is told to crash, which it can be when it has spoken."""

CRASHES = TALKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """An engine as its ports; ``crash`` ends a process with status 9, ``impossible`` is what cannot be started.

    ``busy``: whether a command runs. ``write`` lets an instance write so many bytes.
    """

    image: str
    instances: Instances
    observed: Observed
    one_off: OneOff
    disks: Disks
    crash: Callable[[Instance], None]
    impossible: Callable[[], InstanceSpec]
    busy: Callable[[], bool]
    write: Callable[[Instance, int], object]


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
    one_off, disks = FakeOneOff(engine), FakeDisks(engine)

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
        disks=disks,
        write=lambda instance, count: disks.written.update({instance.id: count}),
    )
    yield rig


def without_image(spec: InstanceSpec) -> InstanceSpec:
    """The same, of an image that no engine has."""
    return replace(spec, container=replace(spec.container, image=f'sha256:{"0" * 64}'))


@contextmanager
def engine_rig(docker_host: str, image: str) -> Iterator[Rig]:
    """A real engine, in which the receiver of the rig has a network of its own; nothing of it is left."""
    engine, identity = Engine(docker_host), f'test-{secrets.token_hex(8)}'
    network = InstanceNetwork(engine, lambda: identity)
    containers = InstanceContainers(engine, lambda: identity, network, LOG_BYTES)
    with engine.connect() as client:

        def crash(instance: Instance) -> None:
            assert within(PATIENCE, lambda: client.logs(instance.id))
            # An engine that is asked to kill takes it that the container is not to be started again.
            made = client.exec_create(instance.id, ['bash', '-c', 'kill -USR1 1'])
            client.exec_start(made['Id'])

        def write(instance: Instance, count: int) -> None:
            command = ['bash', '-c', f'head -c {count} /dev/zero > /tmp/written']
            client.exec_start(client.exec_create(instance.id, command)['Id'])

        rig = Rig(
            image=image,
            instances=DockerInstances(containers),
            observed=DockerObserved(engine),
            one_off=DockerOneOff(containers, 'now'),
            disks=DockerDisks(containers),
            write=write,
            crash=crash,
            impossible=lambda: without_image(spec_of(rig, LIVES)),
            busy=lambda: bool(client.containers(filters={'label': containers.mine, 'status': 'running'})),
        )
        try:
            yield rig
        finally:
            clean(client, containers.mine)
            # An engine that has died in between leaves the interface: it was there when it came back.
            subprocess.run(['ip', 'link', 'delete', network.bridge], capture_output=True, check=False)


def clean(client: APIClient, mine: str) -> None:
    """Removes the containers and networks with a label."""
    for container in client.containers(all=True, filters={'label': mine}):
        client.remove_container(container['Id'], force=True, v=True)
    for network in client.networks(filters={'label': mine}):
        client.remove_network(network['Id'])
