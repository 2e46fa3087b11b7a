"""The bridge network of a receiver's instances, and the addresses in it."""

import hashlib
import ipaddress
import threading
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.errors import RunError

BRIDGE_NAME = 'com.docker.network.bridge.name'
AMONG_THEMSELVES = 'com.docker.network.bridge.enable_icc'
LONGEST = 15
"""Characters of the name of a network interface (Linux, IFNAMSIZ)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the engine: ``bridge`` is its interface on the host of the engine."""

    name: str
    bridge: str
    subnet: ipaddress.IPv4Network
    gateway: ipaddress.IPv4Address


class InstanceNetwork:
    """The network of the receiver with that ``identity``, made when it is needed first. Thread-safe.

    Its subnet is one that the engine found free, given back to it as a setting: only then does the engine take fixed
    addresses. ``open``: instances reach each other.
    """

    def __init__(self, engine: Engine, identity: Callable[[], str], *, open: bool = False) -> None:
        self._engine, self._identity, self._open = engine, identity, open
        self._lock = threading.Lock()
        self._known: Network | None = None
        self._used: set[str] | None = None
        self._taking: set[str] = set()
        self._last = ''

    @property
    def bridge(self) -> str:
        """The name of its interface, also before it is there."""
        return f'gr{"o" if self._open else "i"}{self._mark()}'[:LONGEST]

    def get(self, client: APIClient) -> Network:
        """The network. Raises APIError if the engine does not make it, or EngineGone."""
        with self._lock:
            if self._known is None:
                with self._engine.errors('made the network of instances', refusals=True):
                    self._known = self._found(client) or self._made(client)
            return self._known

    def remove(self, client: APIClient) -> None:
        """Nothing, if it is not there or containers are in it. Raises EngineGone."""
        self.forget()
        with self._engine.errors('removed the network of instances'):
            try:
                self._remove(client, self._name())
            except APIError as error:
                if error.status_code not in (requests.codes.forbidden, requests.codes.conflict):
                    raise

    def forget(self) -> None:
        """Somebody may have removed it."""
        with self._lock:
            self._known = self._used = None

    def take(self, network: Network, listed: Callable[[], Sequence[str]]) -> str:
        """An address that nobody has, for the caller alone until ``release``. Raises RunError if there is none.

        It is the one after that which was given last. Who asks for an address between its old and its new container
        waits: the kernel looks for it once a second (arp(7), retrans_time_ms). Nobody has asked for the next one.

        ``listed`` are the addresses of all containers, the newest first. They are asked for once for each time round.
        """
        with self._lock:
            used = self._used if self._used is not None else self._learned(listed)
            found = self._next(network, used)
            if _number(found) <= _number(self._last):
                used = self._learned(listed)
                found = self._next(network, used)
            if not found:
                raise RunError(f'all addresses of the network {network.name} are taken: {network.subnet}')
            used.add(found)
            self._taking.add(found)
            self._last = found
            return found

    def release(self, address: str) -> None:
        """The container that it was taken for is there, or will not be."""
        with self._lock:
            self._taking.discard(address)

    def _learned(self, listed: Callable[[], Sequence[str]]) -> set[str]:
        found = listed()
        self._used = used = set(found)
        self._last = self._last or (found[0] if found else '')
        return used

    def _next(self, network: Network, used: Set[str]) -> str:
        return free_address(network, used | self._taking, self._last)

    def _name(self) -> str:
        return f'gitreceive-{"open-" if self._open else ""}{self._mark()}'

    def _mark(self) -> str:
        """Instances can learn the name of their network, and not the word that images are named after."""
        return hashlib.sha256(self._identity().encode()).hexdigest()[:12]

    def _found(self, client: APIClient) -> Network | None:
        try:
            about = client.inspect_network(self._name())
        except NotFound:
            return None
        return _network(about)

    def _made(self, client: APIClient) -> Network:
        """Asks the engine for a subnet by making a network without one; another process may be as far."""
        trial = f'{self._name()}-trial'
        self._remove(client, trial)
        try:
            created = client.create_network(trial, driver='bridge')
            subnet = _network(client.inspect_network(created['Id'])).subnet
        finally:
            self._remove(client, trial)
        pool = IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
        try:
            client.create_network(
                self._name(),
                driver='bridge',
                ipam=IPAMConfig(pool_configs=[pool]),
                check_duplicate=True,
                labels={labels.HOME: self._identity()},
                options={BRIDGE_NAME: self.bridge, AMONG_THEMSELVES: str(self._open).lower()},
            )
        except APIError as error:
            if error.status_code != requests.codes.conflict:
                raise
        found = self._found(client)
        if found is None:
            raise RunError(f'the network {self._name()} of the Docker engine was removed while it was made')
        return found

    def _remove(self, client: APIClient, name: str) -> None:
        try:
            client.remove_network(name)
        except NotFound:
            return


def free_address(network: Network, taken: Set[str], last: str) -> str:
    """The first address after ``last`` that is not taken, from the beginning again at the end; empty if all are. Pure."""
    subnet = network.subnet
    first, count = 1, subnet.num_addresses - 2
    begin = int(ipaddress.IPv4Address(last)) - int(subnet[0]) if last else 0
    for step in range(count):
        found = str(subnet[first + (begin + step) % count])
        if found not in taken and found != str(network.gateway):
            return found
    return ''


def _number(address: str) -> int:
    return int(ipaddress.IPv4Address(address)) if address else 0


def _network(about: dict[str, Any]) -> Network:
    (config, *_) = about['IPAM']['Config']
    subnet = ipaddress.IPv4Network(config['Subnet'])
    return Network(
        name=about['Name'],
        bridge=about['Options'].get(BRIDGE_NAME) or f'br-{about["Id"][:12]}',
        subnet=subnet,
        gateway=ipaddress.IPv4Address(config.get('Gateway', subnet[1])),
    )
