"""The exact versions of what a build installed, as its steps wrote them into the image."""

import io
import re
import tarfile
from collections.abc import Mapping
from types import MappingProxyType

from docker import APIClient

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.layers import image_layers

PATH = '/app/heroku/versions'
LIMIT = 64 * 1024
LINE = re.compile(r'([A-Za-z0-9][\w.+-]{0,59}) (\S{1,80})', re.ASCII)


def read_versions(engine: Engine, image: str, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Tool to version, from ``/app/heroku/versions``; empty if the image has no such file.

    The file is what a build step left there, so only its first 64 KiB are looked at, and only lines that are a name
    and a version. It is read from the engine's layers where they are at hand (1 ms), else out of a container that is
    created and never started (60 ms).
    """
    with engine.connect() as client:
        layers = image_layers(engine, client, image)
        if layers:
            return parse_versions((layers.read(PATH, LIMIT) or b'').decode('utf-8', 'replace'))
        return parse_versions(_from_container(engine, client, image, labels))


def parse_versions(text: str) -> Mapping[str, str]:
    """The lines ``node 22.11.0`` of a text. Pure."""
    found = (LINE.fullmatch(line) for line in text.splitlines())
    return MappingProxyType({match[1]: match[2] for match in found if match})


def _from_container(engine: Engine, client: APIClient, image: str, labels: Mapping[str, str]) -> str:
    with engine.container(client, image, labels) as container:
        try:
            with engine.read_out(client, container, PATH) as stream:
                return _first_file(stream.read(LIMIT))
        except FileNotFoundError:
            return ''


def _first_file(tar: bytes) -> str:
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode='r|') as members:
            member = members.next()
            content = members.extractfile(member) if member and member.isreg() else None
            return content.read(LIMIT).decode('utf-8', 'replace') if content else ''
    except (tarfile.TarError, EOFError):
        return ''
