"""Real gems without a registry of gems: Debian's packages of Rails, Sinatra and Puma, packed as gems again.

The host's own apt fetches them, with lists of its own, but not what the stack's build image has. In a container of that
image ``pack_gems.rb`` makes gems of them, and of some that the stack's Ruby brings.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.models.containers import Container

from gitreceive.model import Stack
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host
from tests.gems import Published

PACKAGES = ('puma', 'ruby-bootsnap', 'ruby-railties', 'ruby-sinatra', 'ruby-sprockets-rails')
OF_RUBY = ('minitest', 'rake', 'webrick')
PACKER = Path(__file__).with_name('pack_gems.rb')
COMMAND = ('ruby', '/work/pack_gems.rb', '/work/debs', '/work/gems', *OF_RUBY)


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
            _fetch(Path(work), container, load_recipe(stack.name).suite)
            container.put_archive('/', _for_container(Path(work)))
        container.start()
        assert container.wait()['StatusCode'] == 0, container.logs(tail=20).decode('utf-8', 'replace')
        contents = _files(container, '/work/gems')
    finally:
        container.remove(force=True)
    index = json.loads(contents['index.json'])
    return [Published(content=contents[about.pop('file')], **about) for about in index]


def _fetch(work: Path, container: Container, suite: str) -> None:
    """Downloads ``PACKAGES`` into ``work/debs``, with what they depend on and ``container`` lacks."""
    for name in ('lists/partial', 'debs/partial'):
        (work / name).mkdir(parents=True)
    (work / 'status').write_bytes(_files(container, '/var/lib/dpkg/status')['status'])
    (work / 'debian.sources').write_text(inspect_host(suite, ()).sources)
    settings = {
        'Dir::State': work,
        'Dir::State::status': work / 'status',
        'Dir::Cache': work,
        'Dir::Cache::archives': work / 'debs',
        'Dir::Etc::sourcelist': work / 'debian.sources',
        'Dir::Etc::sourceparts': '/dev/null',
        'APT::Sandbox::User': 'root',
    }
    apt = ['apt-get', '--quiet', '--quiet', *(f'--option={name}={value}' for name, value in settings.items())]
    subprocess.run([*apt, 'update'], check=True)
    subprocess.run(
        [*apt, 'install', '--yes', '--no-install-recommends', '--download-only', *PACKAGES], check=True
    )


def _for_container(work: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w') as tar:
        tar.add(PACKER, 'work/pack_gems.rb')
        tar.add(work / 'debs', 'work/debs')
    return written.getvalue()


def _files(container: Container, path: str) -> dict[str, bytes]:
    """The contents of the files at or below ``path``, by their last names."""
    pieces, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as tar:
        return {Path(member.name).name: read.read() for member in tar if (read := tar.extractfile(member))}
