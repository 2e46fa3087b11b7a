"""Tells a worker of a running HAProxy what an app's route is, by the differences to what it knows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gitreceive.adapters.haproxy.configuration import HOSTS, WORDS
from gitreceive.adapters.haproxy.master import ask, table, tell
from gitreceive.adapters.haproxy.names import most_of_each, servers, target
from gitreceive.adapters.haproxy.options import RouterOptions, own_hosts, words
from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Route

READY = '0'
"""The administrative state of a server that takes requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a worker knows: the states of the servers of each app by their names, and the entries of the maps."""

    servers: Mapping[str, Mapping[str, str]]
    hosts: Mapping[str, str]
    words: Mapping[str, str]


def synchronise(options: RouterOptions, worker: str, routes: Sequence[Route]) -> None:
    """From the return on, the worker sends new requests of these apps to their endpoints only. Raises RouterError.

    New servers are added before old ones are left, so that at no moment there is none.
    """
    known = read(options.folder, worker, routes[0].app if len(routes) == 1 else '')
    for route in routes:
        for command in commands(options, route, known):
            tell(options.folder, worker, command)
        for name in known.servers.get(route.app, {}).keys() - servers(route).keys():
            with suppress(RouterError):  # as long as it has requests
                tell(options.folder, worker, f'del server {route.app}/{name}')


def read(folder: Path, worker: str, app: str = '') -> Known:
    """What a worker knows of an app, or of all. Raises RouterError."""
    found: dict[str, dict[str, str]] = {}
    for row in table(ask(folder, worker, f'show servers state {app}'.strip())):
        found.setdefault(row['be_name'], {})[row['srv_name']] = row['srv_admin_state']
    return Known(servers=found, hosts=_entries(folder, worker, HOSTS), words=_entries(folder, worker, WORDS))


def commands(options: RouterOptions, route: Route, known: Known) -> Sequence[str]:
    """What to say to a worker. Pure. Raises RouterError."""
    hosts = dict.fromkeys(own_hosts(route, options.domain), str(route.app))
    special = {str(route.app): text} if (text := words(route)) else {}
    found = known.servers.get(route.app, {})
    stale = {name for name, app in known.hosts.items() if app == route.app} - hosts.keys()
    return [
        *_added(options, route, found),
        *_written(HOSTS, hosts, known.hosts),
        *_written(WORDS, special, known.words),
        *(
            f'set server {route.app}/{name} state maint'
            for name in sorted(found.keys() - servers(route).keys())
        ),
        *(f'del map {HOSTS} {name}' for name in sorted(stale)),
        *(f'del map {WORDS} {app}' for app in {route.app} & known.words.keys() - special.keys()),
    ]


def running_requests(folder: Path, worker: str, app: AppName, name: str) -> int:
    """How many requests and tunnels of a server run, or wait for it. Raises RouterError."""
    rows = table(ask(folder, worker, f'show stat {app} 4 -1'))
    return sum(int(row['scur'] or 0) + int(row['qcur'] or 0) for row in rows if row['svname'] == name)


def _added(options: RouterOptions, route: Route, known: Mapping[str, str]) -> Iterator[str]:
    most = most_of_each(route, options.max_requests)
    for name, endpoint in servers(route).items():
        server = f'{route.app}/{name}'
        if name in known:
            yield f'set maxconn server {server} {most}'
        else:
            yield f'add server {server} {target(endpoint)} maxconn {most}'
        if known.get(name) != READY:
            yield f'set server {server} state ready'


def _written(file: str, wanted: Mapping[str, str], known: Mapping[str, str]) -> Iterator[str]:
    for key, value in wanted.items():
        if key not in known:
            yield f'add map {file} {key} {_escaped(value)}'
        elif known[key] != value:
            yield f'set map {file} {key} {_escaped(value)}'


def _escaped(value: str) -> str:
    return value.replace(' ', '\\ ')


def _entries(folder: Path, worker: str, file: str) -> Mapping[str, str]:
    """Each line is an address in memory, a key and a value."""
    lines = (line.split(None, 2) for line in ask(folder, worker, f'show map {file}').splitlines())
    return {fields[1]: fields[2].strip() for fields in lines if len(fields) == 3}
