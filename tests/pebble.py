"""Pebble, a certificate authority for tests that speaks ACME, and the name server that it asks (Debian package pebble)."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from gitreceive.certificates.authority import OwnAuthority
from tests.e2e.receiver import free_port
from tests.waiting import wait_until

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Pebble:
    """``directory`` is its address for clients, whose certificate ``trusted`` vouches for."""

    directory: str
    trusted: Path
    management: str

    def root(self) -> str:
        """The certificate of the authority for what it issues, as PEM."""
        return requests.get(f'{self.management}/roots/0', verify=str(self.trusted), timeout=SECONDS).text


@contextmanager
def pebble(folder: Path, http_port: int, **environ: str) -> Iterator[Pebble]:
    """One that finds every name at 127.0.0.1 and looks at ``http_port``."""
    if not shutil.which('pebble'):
        missing = 'pebble is not installed (Debian package pebble)'
        pytest.fail(missing) if os.environ.get('GITRECEIVE_REQUIRE_CLIENTS') == '1' else pytest.skip(missing)
    folder.mkdir(parents=True, exist_ok=True)
    authority = OwnAuthority(folder / 'ca.pem', 'pebble itself')
    own = authority.issue('localhost')
    (folder / 'trusted.pem').write_text(authority.certificate)
    (folder / 'own.pem').write_text(own.chain)
    (folder / 'own.key').write_text(own.key)
    listen, management, names, manage_names = (f'127.0.0.1:{free_port()}' for _ in range(4))
    config = {
        'listenAddress': listen,
        'managementListenAddress': management,
        'certificate': str(folder / 'own.pem'),
        'privateKey': str(folder / 'own.key'),
        'httpPort': http_port,
        'tlsPort': free_port(),
        'ocspResponderURL': '',
        'externalAccountBindingRequired': False,
    }
    (folder / 'pebble.json').write_text(json.dumps({'pebble': config}))
    found = Pebble(
        f'https://localhost:{listen.rpartition(":")[2]}/dir',
        folder / 'trusted.pem',
        f'https://localhost:{management.rpartition(":")[2]}',
    )
    server = ['pebble-challtestsrv', '-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', names]
    server += ['-http01', '', '-https01', '', '-tlsalpn01', '', '-management', manage_names]
    variables = {**os.environ, 'PEBBLE_VA_NOSLEEP': '1', 'PEBBLE_WFE_NONCEREJECT': '5', **environ}
    with (folder / 'log').open('wb') as log:
        running = [
            subprocess.Popen(command, env=variables, stdout=log, stderr=log)
            for command in (server, ['pebble', '-config', str(folder / 'pebble.json'), '-dnsserver', names])
        ]
        try:
            wait_until(lambda: _answers(found), SECONDS, f'pebble answers: {folder / "log"}')
            yield found
        finally:
            for each in running:
                each.kill()
                each.wait()


def _answers(found: Pebble) -> bool:
    try:
        return requests.get(found.directory, verify=str(found.trusted), timeout=SECONDS).ok
    except requests.RequestException:
        return False
