"""The build context: one tar stream, made of our own few files and the archive of the code as git writes it."""

import tarfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from gitreceive.build.ports import BuildJob
from gitreceive.model.errors import SourceError
from gitreceive.model.plan import ContextFile, Recipe

CHUNK = 1 << 18
BLOCK = tarfile.BLOCKSIZE
FOLDERS = ('buildpack', 'env', 'install-env', 'meta')
"""Always there, for a Dockerfile mounts them whether they hold something or not."""


def context(job: BuildJob, check: Callable[[], None]) -> Generator[bytes, None, None]:
    """The context's bytes, read as they are sent: ``Dockerfile``, ``buildpack/``, ``env/``, ``install-env/``,
    ``meta/``, ``src/``.

    An app's own Dockerfile could copy all of it into a layer, so it gets its code alone.
    Our own members have a fixed time (0), so that the same content is the same cache key. The code's archive follows
    raw and ends the stream with its own end-of-archive blocks. ``check`` is called between pieces and may raise.
    Raises SourceError if the code cannot be read.
    """
    recipe = job.recipe
    if recipe.code:
        yield b''.join(own_members(recipe, job.env))
    else:
        yield _file('Dockerfile', recipe.dockerfile.encode(), 0o644)
    try:
        with job.source.archive(recipe.code) as archive:
            while piece := archive.read(CHUNK):
                check()
                yield piece
    except OSError as error:
        raise SourceError(f'cannot read the archive of {job.source.commit[:7]}: {error}') from error


def own_members(recipe: Recipe, env: Mapping[str, str]) -> Iterator[bytes]:
    """The tar members beside the code, without an end of archive. Pure."""
    files = recipe.files
    yield _file('Dockerfile', recipe.dockerfile.encode(), 0o644)
    for folder in _folders(files):
        yield _header(f'{folder}/', tarfile.DIRTYPE, 0, 0o755)
    for file in sorted(files, key=lambda file: file.name):
        yield _file(file.name, file.content, 0o755 if file.executable else 0o644)
    for name, value in sorted(env.items()):
        content = value.encode('utf-8', 'surrogateescape')
        yield _file(f'env/{name}', content, 0o644)
        if name in recipe.install_env:
            yield _file(f'install-env/{name}', content, 0o644)


def _folders(files: Sequence[ContextFile]) -> Sequence[str]:
    found = set(FOLDERS)
    for file in files:
        parts = file.name.split('/')[:-1]
        found.update('/'.join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(found)


def _file(name: str, content: bytes, mode: int) -> bytes:
    padding = -len(content) % BLOCK
    return _header(name, tarfile.REGTYPE, len(content), mode) + content + bytes(padding)


def _header(name: str, kind: bytes, size: int, mode: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, size, mode
    return info.tobuf(tarfile.GNU_FORMAT)
