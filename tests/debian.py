"""What tests make in containers of the build image: of what it has, and of Debian's packages.

The host's own apt fetches them, as it does for an addition to the stack.
"""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.models.containers import Container

from gitreceive.adapters.docker.stack import DockerStackEngine
from gitreceive.model.plan import Stack
from gitreceive.stack.additions import STATUS, fetch_packages
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host

PLACE = '/making'
MADE = f'{PLACE}/made'


@contextmanager
def made_inside(
    call: Sequence[str | Path],
    engine: docker.DockerClient,
    stack: Stack,
    *,
    debs: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Container]:
    """A container of the stack's build image, without a network, in which a script has worked.

    ``call`` is the program, with the script as a Path, and its last words: before these it gets the directory with
    ``debs``, if any, and ``MADE``, which is for what it makes.
    """
    script = next(word for word in call if isinstance(word, Path))
    at = call.index(script) + 1
    words = [f'{PLACE}/{word.name}' if isinstance(word, Path) else word for word in call]
    brought = [script, debs] if debs else [script]
    container = engine.containers.create(
        stack.build_image,
        [*words[:at], *(f'{PLACE}/{path.name}' for path in brought[1:]), MADE, *words[at:]],
        user='root',
        network_mode='none',
        environment=dict(environment or {}),
        labels={'gitreceive.test': script.stem},
    )
    try:
        container.put_archive('/', _packed(brought))
        container.start()
        assert container.wait()['StatusCode'] == 0, container.logs(tail=20).decode('utf-8', 'replace')
        yield container
    finally:
        container.remove(force=True)


@contextmanager
def made_of_packages(
    names: Sequence[str],
    call: Sequence[str | Path],
    engine: docker.DockerClient,
    stack: Stack,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Container]:
    """The same, with the ``.deb`` files of ``names``, and of what they need that the image lacks."""
    with tempfile.TemporaryDirectory(prefix='gitreceive-debian-') as work:
        host = inspect_host(load_recipe(stack.name).suite, ())
        fetch_packages(
            Path(work), host, DockerStackEngine(engine).read_file(stack.build_image, STATUS), names
        )
        with made_inside(call, engine, stack, debs=Path(work, 'debs'), environment=environment) as container:
            yield container


def _packed(brought: Iterable[Path]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w') as tar:
        for path in brought:
            tar.add(path, f'{PLACE[1:]}/{path.name}')
    return written.getvalue()
