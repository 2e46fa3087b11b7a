"""Programs and ports: whatever is started here is ended here, with all that it has started itself."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.errors import BenchError

PATIENCE = 20.0
LOOPBACK = '127.0.0.1'


@contextmanager
def running(command: Sequence[str], log: Path, environ: Mapping[str, str], port: int) -> Iterator[None]:
    """A server, from when it takes connections on ``port`` until the context ends."""
    with log.open('wb') as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=dict(environ),
            start_new_session=True,
        )
    try:
        _await(process, port, log)
        yield
    finally:
        _end(process)


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def run(*command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """What a command prints, or what it says on its standard error if it prints nothing.

    Raises BenchError with its own words if it fails.
    """
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors='replace',
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise BenchError(f'"{" ".join(map(str, command[:4]))}" failed (exit {done.returncode}): {said}')
    return done.stdout or done.stderr


def _await(process: 'subprocess.Popen[bytes]', port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
            return
        time.sleep(0.05)
    said = log.read_text(errors='replace').strip()[-1500:]
    raise BenchError(f'{process.args!r} did not start: {said or "it said nothing"}')


def _end(process: 'subprocess.Popen[bytes]') -> None:
    family = _descendants(process.pid)
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid, begun in family.items():
        if _stat(pid)[1:] == (begun,):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> dict[int, str]:
    """The processes below ``pid``, each with its start time: a number may be given away again."""
    known = {int(name): _stat(int(name)) for name in os.listdir('/proc') if name.isdigit()}
    found: dict[int, str] = {}
    parents = {pid}
    while parents:
        below = {child for child, about in known.items() if about and int(about[0]) in parents}
        found |= {child: known[child][1] for child in below}
        parents = below
    return found


def _stat(pid: int) -> tuple[str, ...]:
    """Parent and start time of a process (proc(5), fields 4 and 22); empty if it is gone."""
    try:
        text = Path(f'/proc/{pid}/stat').read_text(errors='replace')
    except OSError:
        return ()
    fields = text.rpartition(')')[2].split()
    return fields[1], fields[19]
