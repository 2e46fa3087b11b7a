"""Real gems without a registry of gems: Debian's packages of Rails, Sinatra and Puma, packed as gems again.

The host's own apt fetches them, with lists of its own, but not what the stack's build image has. In a container of that
image ``pack_gems.rb`` makes gems of them, and of some that the stack's Ruby brings.
"""

import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.models.containers import Container

from gitreceive.model import Stack
from tests.debian import debs
from tests.gems import Published

PACKAGES = ('puma', 'ruby-bootsnap', 'ruby-railties', 'ruby-sinatra', 'ruby-sprockets-rails')
OF_RUBY = ('minitest', 'rake', 'webrick')
PACKER = Path(__file__).with_name('pack_gems.rb')
COMMAND = ('ruby', '/making/pack_gems.rb', '/making/debs', '/making/gems', *OF_RUBY)


def debian_gems(engine: docker.DockerClient, stack: Stack) -> Sequence[Published]:
    """The gems of ``PACKAGES`` and of what they depend on, and ``OF_RUBY``."""
    container = engine.containers.create(
        stack.build_image,
        COMMAND,
        user='root',
        network_mode='none',
        environment={'SOURCE_DATE_EPOCH': '315532800'},
        labels={'gitreceive.test': 'gems'},
    )
    try:
        with tempfile.TemporaryDirectory(prefix='gitreceive-gems-') as work:
            container.put_archive('/', _for_container(debs(PACKAGES, engine, stack, Path(work))))
        container.start()
        assert container.wait()['StatusCode'] == 0, container.logs(tail=20).decode('utf-8', 'replace')
        contents = _files(container, '/making/gems')
    finally:
        container.remove(force=True)
    index = json.loads(contents['index.json'])
    return [Published(content=contents[about.pop('file')], **about) for about in index]


def _for_container(fetched: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w') as tar:
        tar.add(PACKER, 'making/pack_gems.rb')
        tar.add(fetched, 'making/debs')
    return written.getvalue()


def _files(container: Container, path: str) -> dict[str, bytes]:
    """The contents of the files at or below ``path``, by their last names."""
    pieces, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as tar:
        return {Path(member.name).name: read.read() for member in tar if (read := tar.extractfile(member))}
