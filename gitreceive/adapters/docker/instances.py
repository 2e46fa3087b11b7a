"""Starts and ends instances in a Docker engine. Satisfies ``Instances``."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from docker.errors import APIError, NotFound

from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.events import EngineEvents
from gitreceive.adapters.docker.found import FoundInstances
from gitreceive.adapters.docker.instance_request import RESTARTED
from gitreceive.model.app import AppName
from gitreceive.model.errors import RunError
from gitreceive.model.instance import Instance, InstanceSpec, InstanceState

ANSWER_SECONDS = 30
"""What the engine may take to stop what it killed."""

KEPT: Any = {'Name': RESTARTED, 'MaximumRetryCount': 0}


class DockerInstances:
    """The instances of a receiver in one engine. Thread-safe."""

    def __init__(self, containers: InstanceContainers) -> None:
        self._containers, self._engine = containers, containers.engine
        self._found = FoundInstances(containers.engine)

    def start(self, spec: InstanceSpec) -> Instance:
        """See the port."""
        with self._engine.connect() as client:
            found = self._found.one(client, self._containers.begin(client, spec))
        if found is None:
            raise RunError(f'{spec.name} of {spec.app} is gone: somebody removed it')
        return found

    def keep(self, instance: Instance) -> None:
        """See the port."""
        with self._engine.connect() as client, self._engine.errors('changed an instance', refusals=True):
            try:
                client.update_container(instance.id, restart_policy=KEPT)
                now = self._found.one(client, instance.id)
                if now and now.state is InstanceState.ENDED:
                    client.start(instance.id)
            except NotFound as error:
                raise RunError(f'{instance.name} of {instance.app} is gone: somebody removed it') from error
            except APIError as error:
                raise RunError(
                    f'the Docker engine cannot keep {instance.name} of {instance.app}: {error}'
                ) from error

    def find(self, app: AppName | None = None) -> Sequence[Instance]:
        """See the port."""
        with self._engine.connect() as client:
            return self._found.find(client, self._containers.identity, app)

    def stop(self, instance: Instance, grace: float) -> None:
        """See the port."""
        with self._engine.connect(ANSWER_SECONDS + grace) as client:
            with self._engine.errors('stopped an instance'):
                try:
                    client.stop(instance.id, timeout=round(grace))
                except NotFound:
                    return
            self._engine.remove_container(client, instance.id)
            self._found.changed(instance.id)

    def leave(self) -> None:
        """See the port: their network."""
        with self._engine.connect() as client:
            self._containers.network.remove(client)

    def changes(self, wake: Callable[[AppName], None]) -> AbstractContextManager[None]:
        """See the port."""
        return EngineEvents(self._engine, self._containers.identity, wake)
