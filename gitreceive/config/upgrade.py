"""A home that an earlier version made: its directories get their names of today before anything is opened."""

import os
import socket
from contextlib import suppress
from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.model.errors import StateError

FORMER_NAMES = (
    ('builder/shelf', 'builder/chunk-cache'),
    ('builder/members', 'builder/chunks'),
    ('builder/far', 'builder/remotes'),
    ('door', 'sshd'),
    ('builder', 'daemon'),
)
"""What was called otherwise, in the order of renaming: ``builder`` last, for while it is there the work is not done."""

FORMER_SOCKET = 'run/builder.sock'


def upgrade_home(home: Home) -> bool:
    """Renames what has a former name, and tells whether there was something. It may be interrupted and begun again.

    Raises StateError if a receiver of the earlier version still runs there, or if a name of today is taken.
    """
    found = [(home.root / old, home.root / new) for old, new in FORMER_NAMES if (home.root / old).exists()]
    if not found:
        return False
    if _answers(home.root / FORMER_SOCKET):
        raise StateError(
            f'a receiver of an earlier version runs on {home.root}: end it before this version is used on that home'
        )
    for old, new in found:
        _rename(old, new)
    with suppress(OSError):
        (home.root / FORMER_SOCKET).unlink(missing_ok=True)
    return True


def _rename(old: Path, new: Path) -> None:
    try:
        if new.is_dir():
            with suppress(OSError):  # an empty directory may go
                new.rmdir()
        if new.exists():
            raise StateError(f'both {old} and {new} exist: move what is needed into one of them, as {new}')
        old.rename(new)
    except FileNotFoundError:
        return  # another command was quicker
    except OSError as error:
        me = f'user {os.geteuid()}'
        raise StateError(
            f'{old} is called {new.name} now, and {me} cannot rename it ({error.strerror}): '
            f'start the receiver once, or run "mv {old} {new}"'
        ) from error


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
