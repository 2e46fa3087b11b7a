"""A receiver that runs releases, and apps that show what they are."""

import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path

import docker
from docker.errors import APIError, NotFound

from gitreceive.config.identity import receiver_identity
from gitreceive.config.load import load_settings
from gitreceive.wiring import open_router
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

    def __init__(self, folder: Path, docker_host: str, **environ: str) -> None:
        self.router_port = free_port()
        own = {
            'GITRECEIVE_RUN_ENABLED': 'true',
            'GITRECEIVE_ROUTER_LISTEN': f'127.0.0.1:{self.router_port}',
            'GITRECEIVE_RUN_BOOT_SECONDS': '15',
            'GITRECEIVE_RUN_STOP_SECONDS': '5',
            'GITRECEIVE_RUN_MEMORY_BYTES': '128000000',
        }
        super().__init__(folder, docker_host, **{**own, **environ})

    def end(self) -> None:
        """Ends the router and all instances, too."""
        super().end()
        open_router(load_settings(config=None, environ=self.environ)).stop()
        client = docker.DockerClient(base_url=self.docker_host, version='auto', timeout=60)
        mine = {'label': f'gitreceive.home={receiver_identity(self.home)}'}
        for container in client.containers.list(all=True, filters=mine):
            container.remove(force=True, v=True)
        for image in client.images.list(f'gitreceive/{receiver_identity(self.home)}/*'):
            client.images.remove(image.id, force=True)
        for network in client.networks.list(filters=mine):
            try:
                network.remove()
            except (APIError, NotFound):
                time.sleep(0.5)
                network.remove()
        client.close()

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
        client = docker.DockerClient(base_url=self.docker_host, version='auto', timeout=60)
        mine = {'label': [f'gitreceive.home={receiver_identity(self.home)}', f'gitreceive.app={app}']}
        found = client.containers.list(all=True, filters=mine)
        names = [
            f'v{one.labels["gitreceive.release"]} {one.labels["gitreceive.process"]}.'
            f'{one.labels["gitreceive.number"]} {one.status}'
            for one in found
        ]
        client.close()
        return sorted(names)

    def settles_to(self, app: str, *names: str, seconds: float = 30) -> None:
        """Waits until exactly these run."""
        wanted = sorted(f'{name} running' for name in names)
        wait_until(lambda: self.containers(app) == wanted, seconds, f'{wanted} of {app}')


def app_json(**said: object) -> bytes:
    """An app.json."""
    return json.dumps(said).encode()
