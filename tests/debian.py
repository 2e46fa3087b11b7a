"""Debian's packages for tests: fetched by the host's own apt, as those of an addition to the stack are."""

from pathlib import Path

import docker

from gitreceive.model import Stack
from gitreceive.stack.additions import STATUS, fetch_packages
from gitreceive.stack.images import file_of
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host


def debs(names: tuple[str, ...], engine: docker.DockerClient, stack: Stack, work: Path) -> Path:
    """The directory below ``work`` with the ``.deb`` files of ``names``, and of what they need that the build image lacks."""
    host = inspect_host(load_recipe(stack.name).suite, ())
    fetch_packages(work, host, file_of(engine, stack.build_image, STATUS), names)
    return work / 'debs'
