"""The router and its peers: nginx that is reloaded, and Caddy that is told through its admin API."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bench.errors import BenchError
from bench.processes import LOOPBACK, free_port, run, running
from gitreceive.adapters.haproxy.master import processes
from gitreceive.adapters.haproxy.options import RouterOptions
from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.model.app import AppName
from gitreceive.model.route import Endpoint, Route

DOMAIN = 'localhost'
NGINX = """
daemon off;
worker_processes auto;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {place}/access.log;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    keepalive_requests 1000000;
    server_names_hash_bucket_size 128;
    server {{ listen {port}; return 404; }}
    {servers}
}}
"""
SERVER = """
    server {{
        listen {port};
        server_name {app}.{domain};
        location / {{
            proxy_pass http://127.0.0.1:{target};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
"""


class Proxy(Protocol):
    """Leads the names of apps to ports of this host."""

    name: str
    port: int

    def lead(self, targets: dict[str, int]) -> None:
        """From the return on, each app is at this port."""

    def processes(self) -> Sequence[int]:
        """The ids of its processes."""


class Ours:
    """This receiver's router."""

    name = 'this receiver'

    def __init__(self, place: Path) -> None:
        self.port = free_port()
        self._folder = place / 'haproxy'
        options = RouterOptions(folder=self._folder, listen=f'{LOOPBACK}:{self.port}', max_requests=10_000)
        self.router = HaproxyRouter(options)
        self._told: dict[str, int] = {}

    def lead(self, targets: dict[str, int]) -> None:
        """See the protocol."""
        routes = [_route(app, port) for app, port in targets.items()]
        if targets.keys() != self._told.keys():
            self.router.begin(routes)
        else:
            for route in routes:
                if targets[route.app] != self._told[route.app]:
                    self.router.apply(route)
        self._told = dict(targets)

    def processes(self) -> Sequence[int]:
        """See the protocol."""
        found = processes(self._folder)
        return [found.master, found.current, *found.old]


class Nginx:
    """nginx as it is used in this place: a server block for each app, written anew and reloaded."""

    name = 'nginx'

    def __init__(self, place: Path) -> None:
        self.port = free_port()
        self.place = place / 'nginx'
        self.place.mkdir()
        self._file = self.place / 'nginx.conf'
        self._write({})

    def command(self) -> Sequence[str]:
        """What starts it."""
        return ['nginx', '-c', str(self._file), '-p', str(self.place)]

    def lead(self, targets: dict[str, int]) -> None:
        """See the protocol."""
        self._write(targets)
        run(*self.command(), '-s', 'reload')

    def processes(self) -> Sequence[int]:
        """See the protocol."""
        return _family(int((self.place / 'nginx.pid').read_text()))

    def _write(self, targets: dict[str, int]) -> None:
        servers = [
            SERVER.format(port=self.port, app=app, domain=DOMAIN, target=port)
            for app, port in targets.items()
        ]
        text = NGINX.format(place=self.place, port=self.port, servers=''.join(servers))
        self._file.write_text(text)


class Caddy:
    """Caddy, which reloads inside when its admin API is told of a change."""

    name = 'Caddy'

    def __init__(self, place: Path) -> None:
        self.port, self.admin = free_port(), free_port()
        self.place = place / 'caddy'
        self.place.mkdir()
        self.file = self.place / 'caddy.json'
        self.file.write_text(json.dumps(self._config({})))

    def command(self) -> Sequence[str]:
        """What starts it."""
        return ['caddy', 'run', '--config', str(self.file)]

    def lead(self, targets: dict[str, int]) -> None:
        """See the protocol."""
        told = json.dumps(self._config(targets)).encode()
        url, headers = f'http://{LOOPBACK}:{self.admin}/load', {'Content-Type': 'application/json'}
        with urllib.request.urlopen(urllib.request.Request(url, told, headers), timeout=30) as answer:
            if answer.status != 200:
                raise BenchError(f'Caddy answers {answer.status}')

    def processes(self) -> Sequence[int]:
        """See the protocol."""
        found = run('pgrep', '-f', str(self.file)).split()
        return [int(each) for each in found]

    def _config(self, targets: dict[str, int]) -> dict[str, object]:
        routes = [
            {
                'match': [{'host': [f'{app}.{DOMAIN}']}],
                'handle': [{'handler': 'reverse_proxy', 'upstreams': [{'dial': f'{LOOPBACK}:{port}'}]}],
            }
            for app, port in targets.items()
        ]
        server = {
            'listen': [f'{LOOPBACK}:{self.port}'],
            'routes': routes,
            'automatic_https': {'disable': True},
        }
        return {
            'admin': {'listen': f'{LOOPBACK}:{self.admin}'},
            'apps': {'http': {'servers': {'apps': server}}},
        }


@contextmanager
def ours(place: Path) -> Iterator[Ours]:
    """The router, without apps."""
    made = Ours(place)
    try:
        made.router.begin([])
        with made.router.supervised():
            yield made
    finally:
        made.router.stop()


@contextmanager
def nginx(place: Path, environ: dict[str, str]) -> Iterator[Nginx]:
    """nginx, without apps."""
    _need('nginx')
    made = Nginx(place)
    with running(made.command(), place / 'nginx.log', environ, made.port):
        yield made


@contextmanager
def caddy(place: Path, environ: dict[str, str]) -> Iterator[Caddy]:
    """Caddy, without apps."""
    _need('caddy')
    made = Caddy(place)
    around = {**environ, 'HOME': str(made.place), 'XDG_CONFIG_HOME': '', 'XDG_DATA_HOME': ''}
    with running(made.command(), place / 'caddy.log', around, made.port):
        yield made


def memory(pids: Sequence[int]) -> tuple[float, float]:
    """MB that processes take: each page once, however many share it, and once for each process that has it.

    That is PSS and RSS of proc_pid_smaps_rollup(5).
    """
    found = {'Pss:': 0, 'Rss:': 0}
    for pid in pids:
        for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
            name, *rest = line.split()
            if name in found:
                found[name] += int(rest[0])
    return found['Pss:'] * 1024 / 1e6, found['Rss:'] * 1024 / 1e6


def _family(pid: int) -> Sequence[int]:
    children = subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True).stdout.split()
    return [pid, *(int(each) for each in children)]


def _need(program: str) -> None:
    if not shutil.which(program):
        raise BenchError(f'there is no {program} here: install it (Debian package {program})')


def _route(app: str, port: int) -> Route:
    endpoint = Endpoint(instance='web.1', release=port, address=LOOPBACK, port=port)
    return Route(app=AppName(app), endpoints=(endpoint,))
