"""What a process has of the one that supervises it: a pipe that ends with that one, and a pipe to say that it is ready."""

import os

LIFELINE = 'GITRECEIVE_LIFELINE'
"""The number of an inherited pipe: the process ends when the pipe's other end is closed, that is with its supervisor."""

READY = 'GITRECEIVE_READY'
"""The number of an inherited pipe: the process closes it once it serves. If it ends before, its first start failed."""


def lifeline() -> int | None:
    """The pipe that ends with the supervisor, if there is one."""
    return _descriptor(LIFELINE)


def tell_ready() -> None:
    """Tells the supervisor, if there is one, that this process serves from now on."""
    descriptor = _descriptor(READY)
    if descriptor is not None:
        os.write(descriptor, b'1')
        os.close(descriptor)
        del os.environ[READY]


def _descriptor(name: str) -> int | None:
    written = os.environ.get(name, '')
    return int(written) if written.isdecimal() else None
