"""Debian's packages for tests: fetched by the host's own apt, which keeps its lists elsewhere then and installs nothing."""

import io
import subprocess
import tarfile
from pathlib import Path

from docker.models.containers import Container

from gitreceive.model import Stack
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host


def fetch_packages(names: tuple[str, ...], container: Container, stack: Stack, work: Path) -> Path:
    """The directory below ``work`` with the ``.deb`` files of ``names``, and of what they need and ``container`` lacks."""
    for folder in ('lists/partial', 'debs/partial'):
        (work / folder).mkdir(parents=True)
    (work / 'status').write_bytes(content(container, '/var/lib/dpkg/status'))
    (work / 'debian.sources').write_text(inspect_host(load_recipe(stack.name).suite, ()).sources)
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
    install = ['install', '--yes', '--no-install-recommends', '--download-only', *names]
    for words in (['update'], install):
        subprocess.run([*apt, *words], check=True)
    return work / 'debs'


def content(container: Container, path: str) -> bytes:
    """The bytes of a container's file."""
    pieces, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b''.join(pieces))) as tar:
        read = tar.extractfile(Path(path).name)
        assert read, path
        return read.read()
