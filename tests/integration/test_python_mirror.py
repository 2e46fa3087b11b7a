"""A Python that the stack lacks, from a mirror: a real uv, a real server, and an archive made of the stack's own Python."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from gitreceive.model.errors import BuildError
from gitreceive.model.plan import Stack
from gitreceive.model.slug import Image
from tests.building import workshop
from tests.served import served

PARTS = {'/usr/bin/python3.11': 'python/bin/', '/usr/lib/python3.11': 'python/lib/'}
OTHERS = re.compile(r'__pycache__|^python3\.11/(test|config-|sitecustomize)')
FILES = {'requirements.txt': b'', '.python-version': b'3.11\n', 'Procfile': b'web: python -V'}


@pytest.fixture(scope='module')
def mirror(
    engine: docker.DockerClient, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a directory that builds reach, with an archive of Python 3.11 and a list in uv's form that names it."""
    folder = tmp_path_factory.mktemp('mirror')
    with served(engine, folder) as url:
        archive = packed_python(engine, stack, folder / 'python.tar.gz')
        (folder / 'pythons.json').write_text(json.dumps(listing(f'{url}/python.tar.gz', archive)))
        yield url


def packed_python(engine: docker.DockerClient, stack: Stack, target: Path) -> str:
    """The stack's Python, laid out as uv expects it; returns the archive's checksum."""
    container = engine.containers.create(stack.build_image)
    try:
        with tarfile.open(target, 'w:gz') as packed:
            for path, folder in PARTS.items():
                stream, _ = container.get_archive(path)
                with tarfile.open(fileobj=io.BytesIO(b''.join(stream))) as found:
                    add_all(found, packed, folder)
    finally:
        container.remove()
    return hashlib.sha256(target.read_bytes()).hexdigest()


def add_all(found: tarfile.TarFile, packed: tarfile.TarFile, folder: str) -> None:
    for member in found:
        if not OTHERS.search(member.name):
            content = found.extractfile(member) if member.isreg() else None
            member.name = folder + member.name
            packed.addfile(member, content)


def listing(url: str, checksum: str) -> dict[str, object]:
    return {
        'cpython-3.11.2-linux-x86_64-gnu': {
            'name': 'cpython',
            'arch': {'family': 'x86_64', 'variant': None},
            'os': 'linux',
            'libc': 'gnu',
            'major': 3,
            'minor': 11,
            'patch': 2,
            'prerelease': '',
            'url': url,
            'sha256': checksum,
            'variant': None,
            'build': '20230101',
        }
    }


def built(docker_host: str, stack: Stack, mirror: str) -> Image:
    """The app on a stack that has another Python only."""
    lacking = replace(stack, pythons=('3.10.9',), python_mirror=mirror)
    with workshop(docker_host) as shop:
        return shop.build_app(FILES, lacking)


@pytest.mark.slow
def test_a_python_that_the_stack_lacks_is_fetched_and_recorded(
    docker_host: str, stack: Stack, mirror: str
) -> None:
    versions = built(docker_host, stack, f'{mirror}/pythons.json').versions
    assert versions['python'] == '3.11.2'
    assert {'uv', 'pip'} <= set(versions)


@pytest.mark.slow
def test_a_python_that_the_mirror_lacks_is_told_with_the_remedy(
    docker_host: str, stack: Stack, mirror: str
) -> None:
    with pytest.raises(
        BuildError, match=r'the mirror of this receiver has no Python 3\.11\nAsk for a version'
    ):
        built(docker_host, stack, f'{mirror}/nothing-here')
