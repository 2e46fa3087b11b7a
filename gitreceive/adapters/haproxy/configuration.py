"""The configuration of HAProxy, as text. Pure."""

import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from gitreceive.adapters.haproxy.names import most_of_each, server_name, target
from gitreceive.adapters.haproxy.options import RouterOptions, all_hosts, shown_port, words
from gitreceive.model.app import AppName
from gitreceive.model.route import Route

FILE = 'haproxy.cfg'
HOSTS, WORDS, MOVED, CHALLENGES = 'hosts.map', 'words.map', 'moved.map', 'challenges.map'
MOVED_SERVER = 'moved'
COOKIE = 'gitreceive_instance'
SERVER_LINE = '    server v'

PAGES: Mapping[str, tuple[str, str]] = {
    'unknown': ('No such app', 'No app has this name here.'),
    'down': ('App is down', 'No process of this app is running.'),
    'maintenance': ('Maintenance', 'This app is being worked on and will be back.'),
    'busy': ('Too many requests', 'More requests wait for this app than may. Try again in a moment.'),
    'unavailable': ('No answer', 'No process of this app has room for the request. Try again in a moment.'),
    'silent': ('No answer', 'The app did not answer this request.'),
    'late': ('No answer in time', 'The app took too long to answer this request.'),
}
"""What people see: a title and a text."""

STATUSES = {502: 'silent', 503: 'unavailable', 504: 'late'}
"""Pages of what HAProxy finds out by itself; 503: no place was free in time, or nobody accepted the connection."""

BUSY = (
    'HTTP/1.1 503 Service Unavailable\r\n'
    'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nRetry-After: 5\r\n\r\n'
)
"""Before the page that all apps share."""

LOG_FORMAT = (
    'at=%[date,utime(%Y-%m-%dT%H:%M:%SZ)] app=%[var(txn.app)] status=%ST time_ms=%Ta '
    'method=%[method] path=%{+Q,+E}HPO host=%{+Q,+E}[var(txn.host)] client=%ci instance=%s '
    'bytes=%B queued_ms=%Tw connect_ms=%Tc first_ms=%Tr ended=%ts request=%ID'
)
"""A line of the access log; a query is left out, as it may hold what is secret."""

MOST_CONNECTIONS = 10_000
RESERVED_FILES = 200

_templates = Environment(
    loader=PackageLoader('gitreceive.adapters.haproxy', ''),
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Front:
    name: str
    bind: str
    scheme: str
    redirected: bool = False


def render(options: RouterOptions, routes: Mapping[AppName, Route], files: int) -> Mapping[str, str]:
    """The files of a configuration by their names, for a process that may open ``files``. Raises RouterError."""
    hosts = all_hosts(routes, options.domain)
    special = {app: words(route) for app, route in routes.items()}
    page = _templates.get_template('page.html.j2')
    pages = {name: page.render(title=title, text=text) for name, (title, text) in PAGES.items()}
    return {
        FILE: _configuration(options, routes, files),
        HOSTS: _map(hosts),
        WORDS: _map({app: text for app, text in special.items() if text}),
        MOVED: '',
        **{f'pages/{name}.html': text for name, text in pages.items()},
        'pages/busy.http': f'{BUSY}{pages["busy"]}',
    }


def structure(configuration: str) -> str:
    """What needs a reload when it changes: all but the servers."""
    lines = configuration.splitlines()
    return '\n'.join(line for line in lines if not line.startswith(SERVER_LINE))


def most_files() -> int:
    """How many files a child of this process may open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def _configuration(options: RouterOptions, routes: Mapping[AppName, Route], files: int) -> str:
    return _templates.get_template('haproxy.cfg.j2').render(
        options=options,
        fronts=list(_fronts(options)),
        connections=max(100, min(MOST_CONNECTIONS, (files - RESERVED_FILES) // 2)),
        tls_port=shown_port(options.tls_listen, '443'),
        pages=STATUSES,
        log_format=f'"{_quoted(LOG_FORMAT)}"',
        cookie=COOKIE,
        apps=[_app(route, options) for _, route in sorted(routes.items())],
    )


def _fronts(options: RouterOptions) -> Iterator[_Front]:
    if options.listen:
        redirected = bool(options.redirect and options.tls_listen)
        yield _Front(name='http', bind=_bind(options.listen), scheme='http', redirected=redirected)
    if options.tls_listen:
        secured = f'{_bind(options.tls_listen)} ssl crt-list certificates.list alpn h2,http/1.1'
        yield _Front(name='https', bind=secured, scheme='https')


def _bind(listen: str) -> str:
    """``[::]`` takes IPv4 too, whatever the host's default is."""
    return f'{listen} v4v6' if listen.startswith('[::]:') else listen


def _app(route: Route, options: RouterOptions) -> Mapping[str, object]:
    found = [{'name': server_name(each), 'target': target(each)} for each in route.endpoints]
    return {'name': route.app, 'servers': found, 'most': most_of_each(route, options.max_requests)}


def _map(pairs: Mapping[str, str]) -> str:
    return ''.join(f'{key} {value}\n' for key, value in sorted(pairs.items()))


def _quoted(text: str) -> str:
    return text.replace('\\', '\\\\').replace('"', '\\"')
