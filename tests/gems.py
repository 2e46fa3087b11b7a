"""A source of gems on the engine's own network, served as RubyGems' compact index is; and small gems made here.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import docker

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
executables: []
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
class Published:
    """What a source knows of a gem, and its file. ``requires``: names of other gems to what their versions have to be."""

    name: str
    version: str
    content: bytes
    platform: str = 'ruby'
    requires: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """Its version as the index has it."""
        return self.version if self.platform == 'ruby' else f'{self.version}-{self.platform}'

    def info(self) -> str:
        """Its line in the index."""
        needs = ','.join(f'{name}:{"&".join(wanted)}' for name, wanted in self.requires.items())
        return f'{self.number} {needs}|checksum:{hashlib.sha256(self.content).hexdigest()}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Gem:
    """A gem's name, version and files; a C extension is built by the ``extconf.rb`` among them."""

    name: str
    version: str
    files: Mapping[str, str]

    def published(self) -> Published:
        """The gem with the bytes of its ``.gem`` file, always the same."""
        extensions = [name for name in self.files if name.endswith('extconf.rb')]
        metadata = METADATA.format(
            name=self.name,
            version=self.version,
            extensions=json.dumps(extensions),
            files=json.dumps(list(self.files)),
        )
        data = gzip.compress(_tar({name: text.encode() for name, text in self.files.items()}), mtime=0)
        content = _tar({'metadata.gz': gzip.compress(metadata.encode(), mtime=0), 'data.tar.gz': data})
        return Published(name=self.name, version=self.version, content=content)


@contextmanager
def gem_source(engine: docker.DockerClient, gems: Iterable[Published]) -> Iterator[str]:
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


def _answers(gems: Iterable[Published]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    lines = ['created_at: 2024-01-01T00:00:00Z', '---']
    for gem in gems:
        info = f'---\n{gem.info()}\n'.encode()
        found[f'/info/{gem.name}'] = info
        found[f'/gems/{gem.name}-{gem.number}.gem'] = gem.content
        lines.append(f'{gem.name} {gem.number} {hashlib.md5(info).hexdigest()}')
    return found | {'/versions': '\n'.join([*lines, '']).encode()}


def _tar(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w', format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()
