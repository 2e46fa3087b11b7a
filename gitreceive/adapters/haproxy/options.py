"""What the router is told once, and which host names apps have in it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Route

HOST = re.compile(
    r'(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?', re.ASCII
)
"""A host name (RFC 1123, section 2.1), in lower case; no wildcard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterOptions:
    """``folder`` holds the configuration, the socket and the logs; ``program`` is HAProxy's.

    ``listen`` and ``tls_listen`` are ``host:port`` (empty: not). ``account`` is the user and the group that requests
    are handled by, where the receiver is root (empty: the receiver's own). The others are settings of the same name.
    """

    folder: Path
    program: str = 'haproxy'
    listen: str = '127.0.0.1:8080'
    tls_listen: str = ''
    domain: str = 'localhost'
    redirect: bool = False
    max_requests: int = 200
    max_queued: int = 400
    account: tuple[str, str] | tuple[()] = ()


def own_hosts(route: Route, domain: str) -> Sequence[str]:
    """The names that lead to an app. Raises RouterError for one that is no host name."""
    for name in route.domains:
        if not HOST.fullmatch(name):
            raise RouterError(
                f'{name[:80]!a} is not a host name, for example www.example.com: remove it from {route.app}'
            )
    return (f'{route.app}.{domain}', *route.domains)


def all_hosts(routes: Mapping[AppName, Route], domain: str) -> Mapping[str, AppName]:
    """Which app each name leads to. Raises RouterError where two apps have the same."""
    found: dict[str, AppName] = {}
    for app, route in routes.items():
        for name in own_hosts(route, domain):
            if found.setdefault(name, app) != app:
                raise RouterError(f'{name} leads to {found[name]}; remove it there before {app} can have it')
    return found


def words(route: Route) -> str:
    """What is special about an app, for the router's map: any of ``down``, ``maintenance`` and ``sticky``."""
    named = {'down': not route.endpoints, 'maintenance': route.maintenance, 'sticky': route.sticky}
    return ' '.join(word for word, given in named.items() if given)


def urls(route: Route, options: RouterOptions) -> Sequence[str]:
    """Where an app is reached: over HTTPS first, by its name in the receiver's domain first."""
    names = (f'{route.app}.{options.domain}', *route.domains)
    return [f'{front}{name}{port}' for front, port in _fronts(options) for name in names]


def _fronts(options: RouterOptions) -> Iterator[tuple[str, str]]:
    if options.tls_listen:
        yield 'https://', shown_port(options.tls_listen, '443')
    if options.listen and not (options.redirect and options.tls_listen):
        yield 'http://', shown_port(options.listen, '80')


def shown_port(listen: str, usual: str) -> str:
    """The port of ``host:port`` as a URL needs it: empty for the usual one."""
    port = listen.rpartition(':')[2]
    return '' if port == usual else f':{port}'
