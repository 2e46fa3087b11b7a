"""A receiver that runs releases, and apps that show what they are."""

import contextlib
import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker

from gitreceive.config.identity import receiver_identity
from gitreceive.config.load import load_settings
from gitreceive.run.halt import halt
from gitreceive.run.registry import OwnRegistry
from gitreceive.wiring.running import open_ports
from tests.e2e.receiver import Receiver, free_port
from tests.waiting import wait_until

SERVER = b"""\
import http.server, os, signal, socket, sys, time

time.sleep(float(os.environ.get('BOOT', '0')))
VERSION = open('version').read().strip()
mode = os.environ.get('MODE', '') or (open('mode').read().strip() if os.path.exists('mode') else '')
print('this is', VERSION, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        time.sleep(float(self.path.rpartition('sleep=')[2] or 0) if 'sleep=' in self.path else 0)
        body = f'{VERSION} {os.environ.get("DYNO")} {os.environ.get("GREETING", "")}'.encode()
        self.send_response(500 if mode == 'fails' else 200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.do_GET()

    def log_message(self, *words):
        print(*words, flush=True)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if mode == 'ipv6' else socket.AF_INET

    def server_bind(self):
        if mode == 'ipv6':
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()


if mode == 'silent':
    time.sleep(1000)
if mode == 'dies':
    time.sleep(0.5)
    print('no database', flush=True)
    sys.exit(3)
if mode == 'stubborn':
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
host = {'ipv6': '::', 'loopback': '127.0.0.1'}.get(mode, '0.0.0.0')
port = 3000 if mode == 'elsewhere' else int(os.environ['PORT'])
Server((host, port), Handler).serve_forever()
"""

APP = {'server.py': SERVER, 'Procfile': b'web: python3 server.py\nworker: sleep 1000\n', 'version': b'one'}


class RunningReceiver(Receiver):
    """Below ``folder/home``, with a router on a free port unless something else is said."""

    def __init__(self, folder: Path, docker_host: str, *, apart: bool = False, **environ: str) -> None:
        self.router_port = free_port()
        own = {
            'GITRECEIVE_RUN_ENABLED': 'true',
            'GITRECEIVE_ROUTER_LISTEN': f'127.0.0.1:{self.router_port}',
            'GITRECEIVE_RUN_BOOT_SECONDS': '15',
            'GITRECEIVE_RUN_STOP_SECONDS': '5',
            'GITRECEIVE_RUN_MEMORY_BYTES': '128000000',
        }
        super().__init__(folder, docker_host, apart=apart, **{**own, **environ})

    def end(self) -> None:
        """Ends the router and all instances, too."""
        super().end()
        end_all(self.environ)

    def get(self, app: str, path: str = '/', headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """What the router answers for an app."""
        connection = http.client.HTTPConnection('127.0.0.1', self.router_port, timeout=20)
        try:
            connection.request('GET', path, headers={'Host': f'{app}.localhost', **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def says(self, app: str) -> str:
        """The first word of the answer: the version of the app's code."""
        status, body = self.get(app)
        return body.split()[0] if status == 200 else f'{status}'

    def containers(self, app: str) -> list[str]:
        """``v1 web.1 running``: what the engine has of an app."""
        names = []
        for one in self._found(app):
            about = one['Labels']
            number = f'{about["gitreceive.process"]}.{about["gitreceive.number"]}'
            names.append(f'v{about["gitreceive.release"]} {number} {one["State"]}')
        return sorted(names)

    def _found(self, app: str) -> list[dict[str, Any]]:
        client = docker.APIClient(base_url=self.docker_host, version='auto', timeout=60)
        mine = {'label': [f'gitreceive.home={receiver_identity(self.home)}', f'gitreceive.app={app}']}
        with contextlib.closing(client):
            return list(client.containers(all=True, filters=mine))

    def remove_container(self, app: str) -> None:
        """Somebody removes what runs of an app."""
        client = docker.APIClient(base_url=self.docker_host, version='auto', timeout=60)
        with contextlib.closing(client):
            for one in self._found(app):
                client.remove_container(one['Id'], force=True, v=True)

    def execute(self, app: str, process: str, script: str) -> None:
        """Runs a script beside a process."""
        client = docker.APIClient(base_url=self.docker_host, version='auto', timeout=60)
        with contextlib.closing(client):
            for one in self._found(app):
                if one['Labels']['gitreceive.process'] == process:
                    made = client.exec_create(one['Id'], ['bash', '-c', script])
                    client.exec_start(made['Id'])

    @contextmanager
    def asked(self, app: str, clients: int = 4) -> Iterator['Asked']:
        """Clients that ask an app all the time, on connections that are kept."""
        asked = Asked(self.router_port, app)
        threads = [threading.Thread(target=asked.ask, daemon=True) for _ in range(clients)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(asked.seen) > 0 or asked.lost, 20, 'the first answer')
        try:
            yield asked
        finally:
            asked.over.set()
            for thread in threads:
                thread.join(30)

    def settles_to(self, app: str, *names: str, seconds: float = 30) -> None:
        """Waits until exactly these run."""
        wanted = sorted(f'{name} running' for name in names)
        wait_until(lambda: self.containers(app) == wanted, seconds, f'{wanted} of {app}')


def end_all(environ: Mapping[str, str]) -> None:
    """Ends what runs of the receiver with those settings, which has ended itself, and removes its images."""
    ports = open_ports(load_settings(config=None, environ=environ), OwnRegistry())
    halt(ports, grace=0)
    ports.images.remove(lambda app, version: False)


class Asked:
    """``seen`` counts answers by the version that gave them, ``lost`` says what became of the others."""

    def __init__(self, port: int, app: str) -> None:
        self._port, self._host = port, f'{app}.localhost'
        self.seen: Counter[str] = Counter()
        self.lost: list[str] = []
        self.over = threading.Event()

    def ask(self) -> None:
        """Posts, again and again, until it is over. A kept connection may be closed between two requests."""
        connection = http.client.HTTPConnection('127.0.0.1', self._port, timeout=20)
        while not self.over.is_set():
            try:
                connection.request('POST', '/', body=b'x' * 100, headers={'Host': self._host})
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status == 200:
                    self.seen[body.split()[0]] += 1
                else:
                    self.lost.append(f'{answer.status} {body[:100]}')
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                connection.close()
        connection.close()


def app_json(**said: object) -> bytes:
    """An app.json."""
    return json.dumps(said).encode()
