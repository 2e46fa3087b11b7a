"""Instances as the JSON of the API's ``POST /containers/create``. Pure."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gitreceive.adapters.docker.create import create_request
from gitreceive.model.container import HOST
from gitreceive.model.instance import InstanceSpec

LOG_FILES = 2
"""A log that is full begins a new file; with one alone, all of it would be gone at once."""

RESTARTED = 'always'
"""Docker, "Start containers automatically": after 0.1 s at first, twice as long each time, at most a minute.

Not ``unless-stopped``: an engine that was killed stops what still runs when it comes back, and then takes it that
somebody else has stopped it (seen with Docker 20.10).
"""

NOT_RESTARTED = 'no'


def instance_request(
    spec: InstanceSpec, labels: Mapping[str, str], network: str, address: str, log_bytes: int
) -> dict[str, Any]:
    """The body of the request; without an ``address`` the engine chooses one."""
    request = create_request(replace(spec.container, port=None), labels)
    request['Hostname'] = str(spec.name)
    request['HostConfig'] |= {
        'NetworkMode': network,
        'RestartPolicy': {'Name': NOT_RESTARTED},
        **({'LogConfig': _log(log_bytes)} if spec.container.sandbox.logged else {}),
        'Memory': spec.memory,
        'MemorySwap': spec.memory,
        'NanoCpus': int(spec.cpus * 1_000_000_000),
        'Ulimits': [{'Name': 'core', 'Soft': 0, 'Hard': 0}],
    }
    fixed = {'IPAMConfig': {'IPv4Address': address}} if address else {}
    request['NetworkingConfig'] = {'EndpointsConfig': {network: fixed}}
    return request


def publish(request: dict[str, Any], inside: int, outside: int) -> None:
    """Lets a port of the host's loopback lead to a port of the container, also when that is started again."""
    name = f'{inside}/tcp'
    request['ExposedPorts'] = {name: {}}
    request['HostConfig']['PortBindings'] = {name: [{'HostIp': HOST, 'HostPort': str(outside)}]}


def limit_files(request: dict[str, Any], most: int) -> None:
    """No file grows beyond so many bytes (RLIMIT_FSIZE, setrlimit(2))."""
    request['HostConfig']['Ulimits'] = [
        *request['HostConfig']['Ulimits'],
        {'Name': 'fsize', 'Soft': most, 'Hard': most},
    ]


def container_name(spec: InstanceSpec) -> str:
    """A name for people who look at the engine; there may be two of an instance while one replaces the other."""
    return f'{spec.app}.v{spec.release}.{spec.name}.{secrets.token_hex(4)}'


def _log(most: int) -> dict[str, Any]:
    size = max(1, most // LOG_FILES)
    return {'Type': 'json-file', 'Config': {'max-size': str(size), 'max-file': str(LOG_FILES)}}
