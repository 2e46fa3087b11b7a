"""Makes and starts the containers of instances and of commands, in the network of the receiver."""

import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.instance_request import (
    container_name,
    instance_request,
    limit_files,
    publish,
)
from gitreceive.adapters.docker.network import InstanceNetwork
from gitreceive.model.container import HOST
from gitreceive.model.errors import RunError
from gitreceive.model.instance import InstanceSpec

TRIES = 5
"""How often an address or a port is looked for that somebody else has taken in between."""

TAKEN = ('address already in use', 'port is already allocated')


class InstanceContainers:
    """The containers of the receiver whose word is ``identity``. Thread-safe.

    Their logs take ``log_bytes``, each of their files at most ``disk_bytes`` (0: as much as there is).
    """

    def __init__(
        self,
        engine: Engine,
        identity: Callable[[], str],
        network: InstanceNetwork,
        log_bytes: int,
        disk_bytes: int = 0,
    ) -> None:
        self.engine, self._identity, self.network = engine, identity, network
        self._log_bytes, self._disk_bytes = log_bytes, disk_bytes

    @property
    def mine(self) -> str:
        """The filter of labels that finds them."""
        return f'{labels.HOME}={self._identity()}'

    @property
    def identity(self) -> str:
        """The receiver's word."""
        return self._identity()

    def begin(
        self,
        client: APIClient,
        spec: InstanceSpec,
        marks: Mapping[str, str] | None = None,
        created: Callable[[str], object] = lambda container: None,
    ) -> str:
        """The id of a container that was started; ``created`` is called with it before. ``marks`` are labels.

        Raises RunError or EngineGone; then nothing is left of it.
        """
        for attempt in range(TRIES):
            try:
                return self._begun(client, spec, marks or {}, created)
            except APIError as error:
                if not _again(error) or attempt == TRIES - 1:
                    raise RunError(_refused(spec, error)) from error
                self.network.forget()
        raise AssertionError('the last attempt returns or raises')

    def _begun(
        self,
        client: APIClient,
        spec: InstanceSpec,
        marks: Mapping[str, str],
        created: Callable[[str], object],
    ) -> str:
        """Raises APIError for what the engine does not want."""
        network = self.network.get(client)
        address = self.network.take(network, partial(self._taken, client))
        doing = f'started {spec.name} of {spec.app}'
        try:
            request = self._request(spec, network.name, address, marks)
            with self.engine.errors(doing, refusals=True):
                container = str(client.create_container_from_config(request, container_name(spec))['Id'])  # type: ignore[no-untyped-call]
            try:
                created(container)
                with self.engine.errors(doing, refusals=True):
                    client.start(container)
            except BaseException:
                self.engine.remove_container(client, container)
                raise
            return container
        finally:
            self.network.release(address)

    def _request(
        self, spec: InstanceSpec, network: str, address: str, marks: Mapping[str, str]
    ) -> dict[str, Any]:
        inside = spec.container.port.inside if spec.container.port else 0
        outside = _free_port() if inside and spec.published else 0
        reached = (HOST, outside) if spec.published else (address, inside)
        found = {**labels.of_instance(self._identity(), spec, *reached), **marks}
        request = instance_request(spec, found, network, address, self._log_bytes)
        if self._disk_bytes:
            limit_files(request, self._disk_bytes)
        if outside:
            publish(request, inside, outside)
        return request

    def _taken(self, client: APIClient) -> Sequence[str]:
        """The addresses of all containers in the network: they keep theirs while they do not run."""
        with self.engine.errors('listed the instances'):
            listed = client.containers(all=True, filters={'label': self.mine})
        return [address for each in listed for address in _addresses(each)]


def _addresses(listed: Mapping[str, Any]) -> Sequence[str]:
    networks = listed['NetworkSettings']['Networks'].values()
    fixed = [(each.get('IPAMConfig') or {}).get('IPv4Address') for each in networks]
    return [address for address in fixed if address]


def _again(error: APIError) -> bool:
    """Whether it may do at another address or port, or in a network that is made again."""
    text = str(error.explanation or error).lower()
    missing = error.status_code == requests.codes.not_found and 'network' in text
    return missing or any(words in text for words in TAKEN)


def _refused(spec: InstanceSpec, error: APIError) -> str:
    if error.status_code == requests.codes.not_found and 'image' in str(error.explanation).lower():
        return (
            f'the engine has no image {spec.container.image} for {spec.name} of {spec.app}: restart the app'
        )
    return f'the Docker engine cannot start {spec.name} of {spec.app}: {error.explanation or error}'


def _free_port() -> int:
    """A port that is free now, and which nobody is given who asks for any, for the next moments."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
