"""One push by the real git, and when it said what."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.apps import WHO
from bench.errors import BenchError

DEADLINE = 900.0
STAGES = ('receive', 'plan', 'build', 'cut', 'store', 'end')
Marks = Mapping[str, str]


class Way(Protocol):
    """One of the two ways to deploy.

    ``marks`` has, for each stage but the last, a regular expression for the line that is printed when it is over.
    """

    name: str
    marks: Marks
    ssh: str

    def prepare(self, app: str, *, deploys: bool = True) -> None:
        """Called before an app's first push; ``deploys`` is whether its pushes are to be built."""

    def url(self, app: str) -> str:
        """Where an app is pushed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A push that succeeded: seconds in all, and of each stage."""

    seconds: float
    stages: Mapping[str, float]

    def part(self, *names: str) -> float | None:
        """The seconds of some stages together; None if one of them is not known."""
        found = [self.stages[name] for name in names if name in self.stages]
        return sum(found) if len(found) == len(names) else None


def ssh_command(key: Path) -> str:
    """The client, the same for both ways: the user's own configuration is not read."""
    options = (
        'IdentitiesOnly=yes',
        'IdentityAgent=none',
        'StrictHostKeyChecking=no',
        f'UserKnownHostsFile={key}.hosts',
        'LogLevel=ERROR',
        'BatchMode=yes',
    )
    words = ['ssh', '-F', 'none', '-i', str(key), *(word for option in options for word in ('-o', option))]
    return shlex.join(words)


def push(way: Way, work: Path, app: str, refspec: str = 'master', *options: str) -> Pushed:
    """Pushes, and reads along. Raises BenchError with the end of the output if it fails."""
    words = ['git', '-C', str(work), 'push', *options, way.url(app), refspec]
    began = time.monotonic()
    status, lines = _read(words, way.ssh, began)
    seconds = time.monotonic() - began
    if status != 0:
        said = ''.join(line for _, line in lines[-25:]).strip()
        raise BenchError(f'a push to {way.name} failed (exit {status}):\n{said}')
    return Pushed(seconds=seconds, stages=stages(lines, way.marks, seconds))


def _read(words: Sequence[str], ssh: str, began: float) -> tuple[int, list[tuple[float, str]]]:
    """Runs git in a group of its own, which ends with it; its exit status, its lines and when they came."""
    with subprocess.Popen(
        words,
        env={**os.environ, **WHO, 'GIT_SSH_COMMAND': ssh},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.stderr
        deadline = threading.Timer(DEADLINE, _kill, [child])
        deadline.start()
        try:
            lines = [(time.monotonic() - began, line.decode(errors='replace')) for line in child.stderr]
            return child.wait(), lines
        except BaseException:
            _kill(child)
            raise
        finally:
            deadline.cancel()


def _kill(child: 'subprocess.Popen[bytes]') -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def stages(lines: Sequence[tuple[float, str]], marks: Marks, end: float) -> dict[str, float]:
    """The seconds of each stage, from lines and when they came. A stage whose line is missing is left out. Pure."""
    found: dict[str, float] = {}
    before, number = 0.0, 0
    for stage, pattern in marks.items():
        rest = range(number, len(lines))
        at = next((index for index in rest if re.search(pattern, lines[index][1])), None)
        if at is None:
            continue
        found[stage] = lines[at][0] - before
        before, number = lines[at][0], at
    found['end'] = end - before
    return found
