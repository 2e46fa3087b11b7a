"""npm's cache and lock files without addresses: a registry is asked for what is new, and for nothing else."""

import base64
import hashlib
import io
import json
import tarfile
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import docker
import pytest

from gitreceive.model.app import AppName
from gitreceive.model.plan import Stack
from tests.building import Workshop, workshop

NAME = '@only-here/words'


class Registry:
    """Has some versions of one package; remembers what it was asked for."""

    def __init__(self, host: str) -> None:
        self.versions: list[str] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path.lower())
                body = outer.answer(self.path)
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.url = f'http://{host}:{self.server.server_port}'

    def answer(self, path: str) -> bytes:
        if path.endswith('.tgz'):
            return packed(path.strip('/').removesuffix('.tgz'))
        versions = {version: self.about(version) for version in self.versions}
        return json.dumps({'name': NAME, 'dist-tags': {}, 'versions': versions}).encode()

    def about(self, version: str) -> dict[str, object]:
        dist = {'tarball': f'{self.url}/{version}.tgz', 'integrity': integrity(version)}
        return {'name': NAME, 'version': version, 'dist': dist}


@pytest.fixture
def registry(engine: docker.DockerClient) -> Iterator[Registry]:
    found = Registry(engine.networks.get('bridge').attrs['IPAM']['Config'][0]['Gateway'])
    with found.server:
        threading.Thread(target=found.server.serve_forever, daemon=True).start()
        yield found
        found.server.shutdown()


@pytest.fixture
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


def packed(version: str) -> bytes:
    written, manifest = io.BytesIO(), json.dumps({'name': NAME, 'version': version}).encode()
    with tarfile.open(fileobj=written, mode='w') as tar:
        member = tarfile.TarInfo('package/package.json')
        member.size, member.mode = len(manifest), 0o644
        tar.addfile(member, io.BytesIO(manifest))
    return written.getvalue()


def integrity(version: str) -> str:
    return f'sha512-{base64.b64encode(hashlib.sha512(packed(version)).digest()).decode()}'


def build(shop: Workshop, stack: Stack, registry: Registry, app: str, version: str) -> None:
    """Builds an app that locks a version, and has a manifest unlike any before."""
    root = {'name': 'app', 'version': '1.0.0', 'dependencies': {NAME: version}}
    entry = {'version': version, 'integrity': integrity(version)}
    lock = {**root, 'lockfileVersion': 3, 'packages': {'': root, f'node_modules/{NAME}': entry}}
    files = {
        'package.json': json.dumps({**root, 'description': uuid.uuid4().hex}).encode(),
        'package-lock.json': json.dumps(lock).encode(),
        '.npmrc': f'@only-here:registry={registry.url}/\n'.encode(),
        'Procfile': b'web: node',
    }
    shop.build_app(files, stack, app)


def test_a_registry_is_asked_for_new_versions_only(shop: Workshop, stack: Stack, registry: Registry) -> None:
    app = f'app-{uuid.uuid4().hex[:12]}'
    registry.versions = ['1.0.0']
    build(shop, stack, registry, app, '1.0.0')
    assert registry.asked == ['/@only-here%2fwords', '/1.0.0.tgz']
    build(shop, stack, registry, app, '1.0.0')
    assert len(registry.asked) == 2
    registry.versions.append('2.0.0')
    build(shop, stack, registry, app, '2.0.0')
    assert registry.asked[2:] == ['/@only-here%2fwords', '/2.0.0.tgz']
    assert not any('ETARGET' in line for line in shop.console.details)


def test_a_cache_that_was_made_otherwise_hinders_no_build(
    shop: Workshop, stack: Stack, registry: Registry
) -> None:
    app = f'app-{uuid.uuid4().hex[:12]}'
    registry.versions = ['1.0.0']
    build(shop, stack, registry, app, '1.0.0')
    known = f'RUN --mount=type=cache,id=npm,target=/tmp/npm,uid={stack.uid},gid={stack.uid} echo'
    line = f'{known} "{NAME} 2.0.0" >>/tmp/npm/locked-before; : {app}\n'
    shop.build(f'FROM {stack.build_image}\n{line}', app=AppName(app))
    registry.versions.append('2.0.0')
    build(shop, stack, registry, app, '2.0.0')
    assert any('ETARGET' in line for line in shop.console.details)
    assert registry.asked[-1] == '/2.0.0.tgz'
