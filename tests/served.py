"""Files that containers of the engine fetch over HTTP: a server on the engine's own network."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker


class Quiet(SimpleHTTPRequestHandler):
    """Gives files, and keeps quiet about it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(engine: docker.DockerClient, folder: Path) -> Iterator[str]:
    """The URL at which containers of the engine get the files of ``folder``, also those that come later."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer((bridge(engine), 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://{server.server_address[0]}:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


def bridge(engine: docker.DockerClient) -> str:
    """The host's own address on the network of the engine's containers."""
    network = engine.networks.get('bridge').attrs
    gateway = next((config['Gateway'] for config in network['IPAM']['Config'] if config.get('Gateway')), '')
    if gateway:
        return str(gateway)
    name = network['Options']['com.docker.network.bridge.name']
    shown = subprocess.run(['ip', '-json', '-4', 'addr', 'show', name], check=True, capture_output=True)
    return str(json.loads(shown.stdout)[0]['addr_info'][0]['local'])
