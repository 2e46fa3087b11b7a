"""The fast way: the image's layers mounted here, GNU tar, no engine in between. Needs root and overlay2."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from gitreceive.adapters.docker.layers import Layers
from gitreceive.adapters.slugs import overlay_child
from gitreceive.adapters.slugs.compress import BLOCK, compress
from gitreceive.errors import SlugError
from gitreceive.ports import Cancellation

CHILD = Path(overlay_child.__file__)
ENVIRONMENT = {'LC_ALL': 'C', 'PATH': '/usr/local/bin:/usr/bin:/bin'}


class CannotMount(Exception):
    """This process may not mount, or the kernel cannot do it: another way has to be taken."""


def pack_layers(layers: Layers, target: IO[bytes], mtime: int, cancellation: Cancellation) -> Sequence[str]:
    """Writes the slug and returns the names of what was left out. Raises CannotMount before the first byte."""
    with _child('pack', layers, mtime, cancellation) as (child, outcome):
        assert child.stdout
        first = child.stdout.read(BLOCK)
        if first:
            compress(_pieces(first, child.stdout), target)
        _await_end(child)
    return [str(name) for name in outcome['left_out']]


def layer_sizes(layers: Layers, cancellation: Cancellation) -> Mapping[str, int]:
    """See ``SlugPacker.sizes``."""
    with _child('sizes', layers, 0, cancellation) as (child, outcome):
        _await_end(child)
    return {str(folder): int(size) for folder, size in outcome['sizes'].items()}


@contextmanager
def _child(
    task: str, layers: Layers, mtime: int, cancellation: Cancellation
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """The child and what it reports; the latter is filled in when the context ends. The child's group ends with it."""
    outcome: dict[str, Any] = {}
    try:
        lower = ':'.join(layers.links())
    except OSError as error:
        raise CannotMount(str(error)) from error
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as reported:
        child = _start([task, str(layers.root), lower, str(mtime)], said, reported)
        try:
            with cancellation.call_on_stop(lambda: _kill(child)):
                yield child, outcome
            cancellation.check()
        finally:
            _kill(child)
            child.wait()
            if child.stdout:
                child.stdout.close()
        reported.seek(0)
        outcome.update(_judged(child.returncode, reported.read(), _text(said)))


def _start(arguments: Sequence[str], said: IO[bytes], reported: IO[bytes]) -> 'subprocess.Popen[bytes]':
    child = subprocess.Popen(
        [sys.executable, '-I', '-S', str(CHILD), *arguments, str(reported.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        pass_fds=[reported.fileno()],
        env=ENVIRONMENT,
        cwd='/',
        start_new_session=True,
    )
    assert child.stdout
    with contextlib.suppress(OSError):
        fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, BLOCK)
    return child


def _pieces(first: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield first
    while piece := stream.read(BLOCK):
        yield piece


def _judged(status: int, reported: bytes, said: str) -> dict[str, Any]:
    if status == overlay_child.CANNOT_MOUNT:
        raise CannotMount(said)
    if status != 0 or not reported:
        raise SlugError(f'cannot pack /app of the image: {said or f"tar ended with {status}"}')
    found: dict[str, Any] = json.loads(reported)
    return found


def _text(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read(2000).decode('utf-8', 'replace').strip()


def _await_end(child: 'subprocess.Popen[bytes]') -> None:
    """Waits and leaves the dead child where it is: as long as it is there, its group's number is not given away."""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def _kill(child: 'subprocess.Popen[bytes]') -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
