"""Tells the workers of a running HAProxy what the routes of apps are, by the differences to what they know."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gitreceive.adapters.haproxy.configuration import HOSTS, MOVED, MOVED_SERVER, WORDS
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
    maps: Mapping[str, Mapping[str, str]]

    def of(self, app: AppName) -> Mapping[str, str]:
        """The states of the servers of an app."""
        return self.servers.get(app, {})


def synchronise(options: RouterOptions, worker: str, routes: Sequence[Route]) -> None:
    """From the return on, the worker sends new requests of these apps to their endpoints only. Raises RouterError.

    New servers are added before old ones are left, so that at no moment there is none.
    """
    known = _read(options.folder, worker, routes)
    for route in routes:
        for command in commands(options, route, known):
            tell(options.folder, worker, command)
        for name in known.of(route.app).keys() - servers(route).keys():
            with suppress(RouterError):  # as long as it has requests
                tell(options.folder, worker, f'del server {route.app}/{name}')


def redirect(options: RouterOptions, worker: str, routes: Sequence[Route]) -> None:
    """The same for an old worker, which gets one more request on each connection that it has. Raises RouterError.

    Its servers stay as they are ("Proxy is disabled"); its maps do not.
    """
    known = _read(options.folder, worker, routes)
    for route in routes:
        for command in old_commands(options, route, known):
            tell(options.folder, worker, command)


def commands(options: RouterOptions, route: Route, known: Known) -> Sequence[str]:
    """What to say to the worker that takes new connections. Pure. Raises RouterError."""
    left = sorted(known.of(route.app).keys() - servers(route).keys())
    return [
        *_added(options, route, known.of(route.app)),
        *_mapped(options, route, known),
        *(f'set server {route.app}/{name} state maint' for name in left),
    ]


def old_commands(options: RouterOptions, route: Route, known: Known) -> Sequence[str]:
    """What to say to an old worker. Pure. Raises RouterError."""
    ready = {name for name, state in known.of(route.app).items() if state == READY}
    if not route.endpoints or ready == servers(route).keys():
        moved = {}
    else:
        moved = {str(route.app): f'{route.endpoints[0].address}@{route.endpoints[0].port}'}
    return [*_written(MOVED, route, moved, known), *_mapped(options, route, known)]


def running_requests(folder: Path, worker: str, app: AppName, name: str) -> int:
    """How many requests and tunnels of a server run, or wait for it. Raises RouterError.

    Those of a connection that an old worker has kept may be anywhere, and count for each.
    """
    rows = table(ask(folder, worker, f'show stat {app} 4 -1'))
    found = [row for row in rows if row['svname'] in (name, MOVED_SERVER)]
    return sum(int(row['scur'] or 0) + int(row['qcur'] or 0) for row in found)


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


def _mapped(options: RouterOptions, route: Route, known: Known) -> Iterator[str]:
    hosts = dict.fromkeys(own_hosts(route, options.domain), str(route.app))
    special = {str(route.app): text} if (text := words(route)) else {}
    yield from _written(HOSTS, route, hosts, known)
    yield from _written(WORDS, route, special, known)


def _written(file: str, route: Route, wanted: Mapping[str, str], known: Known) -> Iterator[str]:
    """Lets a map have these entries of an app and no others of it."""
    found = known.maps[file]
    for key, value in wanted.items():
        escaped = value.replace(' ', '\\ ')
        if key not in found:
            yield f'add map {file} {key} {escaped}'
        elif found[key] != value:
            yield f'set map {file} {key} {escaped}'
    for key, value in found.items():
        owner = value if file == HOSTS else key
        if key not in wanted and owner == route.app:
            yield f'del map {file} {key}'


def _read(folder: Path, worker: str, routes: Sequence[Route]) -> Known:
    app = routes[0].app if len(routes) == 1 else ''
    found: dict[str, dict[str, str]] = {}
    for row in table(ask(folder, worker, f'show servers state {app}'.strip())):
        if row['srv_name'] != MOVED_SERVER:
            found.setdefault(row['be_name'], {})[row['srv_name']] = row['srv_admin_state']
    return Known(servers=found, maps={file: _entries(folder, worker, file) for file in (HOSTS, WORDS, MOVED)})


def _entries(folder: Path, worker: str, file: str) -> Mapping[str, str]:
    """Each line is an address in memory, a key and a value."""
    lines = (line.split(None, 2) for line in ask(folder, worker, f'show map {file}').splitlines())
    return {fields[1]: fields[2].strip() for fields in lines if len(fields) == 3}
