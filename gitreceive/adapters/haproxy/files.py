"""The files of HAProxy: checked before they are in place, and put back if it does not take them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gitreceive.adapters.haproxy.configuration import FILE
from gitreceive.model.errors import RouterError

CHECKED = f'{FILE}.checked'


def written(folder: Path) -> str:
    """The configuration that is in place; empty if there is none."""
    return read(folder / FILE)


def read(path: Path) -> str:
    """The text of a file; empty if it is not there."""
    with suppress(OSError):
        return path.read_text()
    return ''


@contextmanager
def placed(folder: Path, files: Mapping[str, str], check: Callable[[str], None]) -> Iterator[None]:
    """The files in place; if what follows raises RouterError, those of before.

    Raises RouterError if ``check`` refuses the configuration, of which it is given the name.
    """
    former = {name: read(folder / name) for name in files}
    with _errors():
        _prepare(folder)
        for name, text in files.items():
            write(folder / (CHECKED if name == FILE else name), text)
    check(CHECKED)
    with _errors():
        os.replace(folder / CHECKED, folder / FILE)
    try:
        yield
    except RouterError:
        with _errors():
            for name, text in former.items():
                write(folder / name, text)
        raise


def write(path: Path, text: str) -> None:
    """Puts a file in place, whole or not at all; readable by its owner. Raises OSError."""
    new = path.with_name(f'{path.name}.new')
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
        file.write(text)
    os.replace(new, path)


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ('pages', 'empty', 'certificates'):
        (folder / name).mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RouterError(f'cannot write {error.filename}: {error.strerror}') from error
