"""A source of gems on the engine's own network: small gems made here, served as RubyGems' compact index is.

The index is text (RubyGems' guides, "Compact Index API"): ``/versions``, ``/info/NAME``, ``/gems/NAME-VERSION.gem``. A gem
is a tar of ``metadata.gz`` (YAML), ``data.tar.gz`` and ``checksums.yaml.gz`` (RubyGems' ``Gem::Package``).
"""

import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.models.containers import Container

from tests.served import bridge

METADATA = """\
--- !ruby/object:Gem::Specification
name: {name}
version: !ruby/object:Gem::Version
  version: {version}
platform: ruby
authors: [test]
date: 2024-01-01 00:00:00.000000000 Z
dependencies: []
bindir: exe
executables: {programs}
extensions: {extensions}
files: {files}
require_paths: [lib]
required_ruby_version: !ruby/object:Gem::Requirement
  requirements: [[">=", !ruby/object:Gem::Version {{version: '0'}}]]
required_rubygems_version: !ruby/object:Gem::Requirement
  requirements: [[">=", !ruby/object:Gem::Version {{version: '0'}}]]
specification_version: 4
summary: a gem for tests
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gem:
    """A gem's name, version and files; a C extension is built by the ``extconf.rb`` among them."""

    name: str
    version: str
    files: Mapping[str, str]

    def packed(self) -> bytes:
        """The bytes of its ``.gem`` file, always the same."""
        extensions = [name for name in self.files if name.endswith('extconf.rb')]
        programs = [name.removeprefix('exe/') for name in self.files if name.startswith('exe/')]
        metadata = METADATA.format(
            programs=json.dumps(programs),
            name=self.name,
            version=self.version,
            extensions=json.dumps(extensions),
            files=json.dumps(list(self.files)),
        )
        data = gzip.compress(_tar({name: text.encode() for name, text in self.files.items()}), mtime=0)
        return _tar({'metadata.gz': gzip.compress(metadata.encode(), mtime=0), 'data.tar.gz': data})


def stack_gems(engine: docker.DockerClient, image: str, names: tuple[str, ...]) -> tuple[Gem, ...]:
    """Gems that Debian's Ruby brings, packed again from the files of an image."""
    container = engine.containers.create(image, 'true', labels={'gitreceive.test': 'gems'})
    try:
        return tuple(_packed_again(container, name) for name in names)
    finally:
        container.remove(force=True)


def _packed_again(container: Container, name: str) -> Gem:
    pieces, _ = container.get_archive(f'/usr/share/rubygems-integration/all/gems/{name}')
    files: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as members:
        for member in members:
            content = members.extractfile(member) if member.isreg() else None
            path = member.name.partition('/')[2]
            if content and not path.startswith('doc/'):
                files[path] = content.read().decode()
    gem, _, version = name.rpartition('-')
    return Gem(name=gem, version=version, files=files)


@contextmanager
def gem_source(engine: docker.DockerClient, gems: tuple[Gem, ...]) -> Iterator[str]:
    """The URL of a server of ``gems`` that containers of the engine reach."""
    answers = _answers(gems)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header('Content-Length', str(len(body or b'')))
            self.end_headers()
            self.wfile.write(body or b'')

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((bridge(engine), 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f'http://{server.server_address[0]}:{server.server_address[1]}'
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answers(gems: tuple[Gem, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    lines = ['created_at: 2024-01-01T00:00:00Z', '---']
    for gem in gems:
        packed = gem.packed()
        info = f'---\n{gem.version} |checksum:{hashlib.sha256(packed).hexdigest()}\n'.encode()
        found[f'/info/{gem.name}'] = info
        found[f'/gems/{gem.name}-{gem.version}.gem'] = packed
        lines.append(f'{gem.name} {gem.version} {hashlib.md5(info).hexdigest()}')
    return found | {'/versions': '\n'.join([*lines, '']).encode()}


def _tar(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w', format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()
