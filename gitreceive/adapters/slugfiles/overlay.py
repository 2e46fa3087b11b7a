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
from gitreceive.adapters.slugfiles import overlay_child
from gitreceive.adapters.slugfiles.compress import BLOCK, compress_part
from gitreceive.adapters.slugfiles.groups import Group
from gitreceive.adapters.slugfiles.members import RECORD
from gitreceive.adapters.slugfiles.overlay_child import Wanted
from gitreceive.model.errors import SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import NO_APP
from gitreceive.model.text import shortened
from gitreceive.slugs.ports import Packed

_temporary = tempfile.TemporaryFile
CHILD = Path(overlay_child.__file__)
HELD_BACK = RECORD + 2048
"""More than what tar writes behind the last file: a header, two blocks of zeros, and zeros up to a whole record."""

SHOWN, LONGEST_LINE = 5, 240
"""Lines of what went wrong that are shown, and the characters of each."""

ENVIRONMENT = {'LC_ALL': 'C', 'PATH': '/usr/local/bin:/usr/bin:/bin'}


class CannotMount(Exception):
    """This process may not mount, or the kernel cannot do it: another way has to be taken."""


def pack_group(
    layers: Layers, group: Group, target: IO[bytes], most: int, cancellation: Cancellation
) -> Packed:
    """Packs what a group of layers holds, at most ``most`` bytes.

    Raises CannotMount before the first byte.
    """
    ended: list[bool] = []
    diff_id = ''
    with _child('pack', layers, _wanted(layers, group), cancellation) as (child, outcome):
        assert child.stdout
        first = child.stdout.read(BLOCK)
        if first:
            diff_id = compress_part(_without_end(first, child.stdout, ended), target, group.last, most)
        _await_end(child)
    if not ended:
        raise SlugError('cannot pack /app of the image: tar ended before its work was done')
    return Packed(left_out=[str(name) for name in outcome['left_out']], diff_id=diff_id)


def try_layers(layers: Layers, cancellation: Cancellation) -> None:
    """Mounts the layers and does nothing with them. Raises CannotMount."""
    with _child('try', layers, _wanted(layers), cancellation) as (child, _):
        _await_end(child)


def layer_sizes(layers: Layers, cancellation: Cancellation) -> Mapping[str, int]:
    """See ``SlugPacker.sizes``."""
    with _child('sizes', layers, _wanted(layers), cancellation) as (child, outcome):
        _await_end(child)
    return {str(folder): int(size) for folder, size in outcome['sizes'].items()}


def _wanted(layers: Layers, group: Group | None = None) -> Wanted:
    """The order for the child. Raises CannotMount if the layers are not what they should be."""
    try:
        links = list(layers.links())
    except OSError as error:
        raise CannotMount(str(error)) from error
    wanted = Wanted(layers=links, own=[], hidden=[], mtime=group.mtime if group else 0)
    if group is None or len(group.own) == len(links):
        return wanted
    return {
        **wanted,
        'own': [links[at] for at in group.own],
        'hidden': [path.decode('latin-1') for path in group.hidden],
    }


@contextmanager
def _child(
    task: str, layers: Layers, wanted: Wanted, cancellation: Cancellation
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """The child and what it reports; the latter is filled in when the context ends. The child's group ends with it."""
    outcome: dict[str, Any] = {}
    with _temporary() as given, _temporary() as said, _temporary() as reported:
        given.write(json.dumps(wanted).encode())
        given.seek(0)
        child = _start([task, str(layers.root)], given, said, reported)
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


def _start(
    arguments: Sequence[str], given: IO[bytes], said: IO[bytes], reported: IO[bytes]
) -> 'subprocess.Popen[bytes]':
    child = subprocess.Popen(
        [sys.executable, '-I', '-S', str(CHILD), *arguments, str(reported.fileno())],
        stdin=given,
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


def _without_end(first: bytes, stream: IO[bytes], ended: list[bool]) -> Iterator[bytes]:
    """The tar stream up to the file that marks its end; ``ended`` gets an entry if that is there."""
    waiting = bytearray(first)
    while piece := stream.read(BLOCK):
        waiting += piece
        yield bytes(waiting[:-HELD_BACK])
        del waiting[:-HELD_BACK]
    end = (len(waiting.rstrip(b'\0')) - 1) // 512 * 512
    if waiting.startswith(overlay_child.END.encode(), max(end, 0)):
        ended.append(True)
        yield bytes(waiting[:end])


def _judged(status: int, reported: bytes, said: str) -> dict[str, Any]:
    if status == overlay_child.CANNOT_MOUNT:
        raise CannotMount(said)
    if status == overlay_child.NOTHING_THERE:
        raise SlugError(NO_APP)
    if status != 0 or not reported:
        raise SlugError(f'cannot pack /app of the image: {said or f"tar ended with {status}"}')
    found: dict[str, Any] = json.loads(reported)
    return found


def _text(said: IO[bytes]) -> str:
    """What the child and tar said, in few lines that are not long: the child knows the cause better than tar."""
    said.seek(0)
    lines = said.read(20_000).decode('utf-8', 'replace').strip().splitlines()
    known = [line for line in lines if line.startswith(overlay_child.TOO_LONG)]
    return '\n'.join(shortened(line, LONGEST_LINE) for line in known[:1] or lines[:SHOWN])


def _await_end(child: 'subprocess.Popen[bytes]') -> None:
    """Waits and leaves the dead child where it is: as long as it is there, its group's number is not given away."""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def _kill(child: 'subprocess.Popen[bytes]') -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
