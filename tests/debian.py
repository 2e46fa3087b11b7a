"""Debian's packages for tests: fetched by the host's own apt, as those of an addition to the stack are, and worked on."""

import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.models.containers import Container

from gitreceive.model import Stack
from gitreceive.stack.additions import STATUS, fetch_packages
from gitreceive.stack.images import file_of
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host

PLACE = '/making'
MADE = f'{PLACE}/made'


@contextmanager
def made_of_packages(
    names: Sequence[str],
    call: Sequence[str | Path],
    engine: docker.DockerClient,
    stack: Stack,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Container]:
    """A container of the stack's build image, without a network, in which a script has worked on Debian's packages.

    ``call`` is the program, with the script as a Path, and its last words: before these it gets the directory with the
    ``.deb`` files of ``names``, and of what they need that the image lacks, and ``MADE``, which is for what it makes.
    """
    script = next(word for word in call if isinstance(word, Path))
    at = call.index(script) + 1
    words = [f'{PLACE}/{word.name}' if isinstance(word, Path) else word for word in call]
    container = engine.containers.create(
        stack.build_image,
        [*words[:at], f'{PLACE}/debs', MADE, *words[at:]],
        user='root',
        network_mode='none',
        environment=dict(environment or {}),
        labels={'gitreceive.test': script.stem},
    )
    try:
        with tempfile.TemporaryDirectory(prefix='gitreceive-debian-') as work:
            host = inspect_host(load_recipe(stack.name).suite, ())
            fetch_packages(Path(work), host, file_of(engine, stack.build_image, STATUS), names)
            container.put_archive('/', _packed(script, Path(work, 'debs')))
        container.start()
        assert container.wait()['StatusCode'] == 0, container.logs(tail=20).decode('utf-8', 'replace')
        yield container
    finally:
        container.remove(force=True)


def _packed(script: Path, debs: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w') as tar:
        for path in (script, debs):
            tar.add(path, f'{PLACE[1:]}/{path.name}')
    return written.getvalue()
