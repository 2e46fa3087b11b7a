"""Two servers that speak S3: Swift, which checks signatures and clocks, and moto, which keeps checksums.

Neither has all of S3, and each is strict where the other is not: what is right has to be right for both.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import make_server

SWIFT = Path(__file__).parent / 'servers' / 'swift_server.py'
SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where it is, and who may come in. ``own`` is where Swift speaks its own protocol."""

    endpoint: str
    key: str
    secret: str
    own: str = ''

    @property
    def environment(self) -> dict[str, str]:
        return {'AWS_ACCESS_KEY_ID': self.key, 'AWS_SECRET_ACCESS_KEY': self.secret}

    def url(self, bucket: str, prefix: str = 'slugs') -> str:
        return f's3://{bucket}/{prefix}?endpoint={self.endpoint}&path_style=true&region=us-east-1'

    def client(self):
        return boto3.client(
            's3',
            endpoint_url=self.endpoint,
            region_name='us-east-1',
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(s3={'addressing_style': 'path'}, request_checksum_calculation='when_required'),
        )


@contextmanager
def swift(folder: Path, clock: int = 0) -> Iterator[S3Server]:
    """Swift as a process, with its clock ``clock`` seconds off."""
    port, log = folder / 'port', folder / 'log'
    with log.open('wb') as output:
        command = [sys.executable, '-W', 'ignore', str(SWIFT), str(folder / 'swift'), str(port), str(clock)]
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while not port.exists():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        proxy, own = (f'http://127.0.0.1:{number}' for number in port.read_text().split())
        yield S3Server(endpoint=proxy, key='test:tester', secret='testing', own=own)
    finally:
        process.kill()
        process.wait()


@contextmanager
def moto() -> Iterator[S3Server]:
    """Moto in a thread."""
    logging.getLogger('werkzeug').setLevel(logging.CRITICAL)
    server = make_server('127.0.0.1', 0, create_backend_app('s3'), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3Server(endpoint=f'http://127.0.0.1:{server.server_port}', key='any', secret='any')
    finally:
        server.shutdown()
        thread.join()
