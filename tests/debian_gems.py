"""Real gems without a registry of gems: Debian's packages of Rails, Sinatra and Puma, packed as gems again.

The host's own apt fetches them, with lists of its own, but not what the stack's build image has. In a container of that
image ``pack_gems.rb`` makes gems of them, and of some that the stack's Ruby brings.
"""

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.models.containers import Container

from gitreceive.model.plan import Stack
from tests.debian import MADE, made_of_packages
from tests.gems import Published

PACKAGES = ('puma', 'ruby-bootsnap', 'ruby-railties', 'ruby-sinatra', 'ruby-sprockets-rails')
OF_RUBY = ('minitest', 'rake', 'webrick')
PACKER = Path(__file__).with_name('pack_gems.rb')


def debian_gems(engine: docker.DockerClient, stack: Stack) -> Sequence[Published]:
    """The gems of ``PACKAGES`` and of what they depend on, and ``OF_RUBY``."""
    call, times = ('ruby', PACKER, *OF_RUBY), {'SOURCE_DATE_EPOCH': '315532800'}
    with made_of_packages(PACKAGES, call, engine, stack, times) as container:
        contents = _files(container, MADE)
    index = json.loads(contents['index.json'])
    return [Published(content=contents[about.pop('file')], **about) for about in index]


def _files(container: Container, path: str) -> dict[str, bytes]:
    """The contents of the files at or below ``path``, by their last names."""
    pieces, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as tar:
        return {Path(member.name).name: read.read() for member in tar if (read := tar.extractfile(member))}
