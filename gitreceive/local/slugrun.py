"""Runs a slug on the clean run image of its stack: the proof that it is enough on any host.

The process runs as the stack's user without privileges, and is published on the host's loopback address only.
"""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.build.appfiles.procfile import parse_procfile
from gitreceive.model.container import HOST
from gitreceive.model.errors import SlugError
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.run.listening import TABLES, unanswered
from gitreceive.run.ports import RunningSlug, SlugRunner
from gitreceive.run.spec import process_spec
from gitreceive.slugs.ports import SlugFiles

BOOT_SECONDS = 60
PROCFILE_LIMIT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlugRun:
    """What is run: ``process`` of the file ``slug`` with these config vars; ``port`` of the host leads to it (0: any)."""

    stack: Stack
    slug: Path
    process: ProcessType
    env: Mapping[str, str]
    port: int = 0


@contextmanager
def run_slug(runner: SlugRunner, wanted: SlugRun, wait: float = BOOT_SECONDS) -> Iterator[str]:
    """The URL at which the slug's web process answers, as long as the context lasts.

    Raises SlugError, with the end of the process's output, if it ends or does not answer within ``wait`` seconds;
    StackError without the run image.
    """
    name = wanted.process.name
    with started(runner, wanted) as running:
        deadline = time.monotonic() + wait
        while (port := _answering(running)) is None:
            _refuse_ended(running, name)
            if time.monotonic() > deadline:
                raise SlugError(_unanswered(running, name, wait))
            time.sleep(0.05)
        yield f'http://{HOST}:{port}/'


def started(runner: SlugRunner, wanted: SlugRun) -> AbstractContextManager[RunningSlug]:
    """A container in which the process of the slug was started; it is removed when the context ends."""
    stack = wanted.stack
    spec = process_spec(stack.run_image, wanted.process, wanted.env, stack.uid, wanted.port)
    return runner.start(spec, wanted.slug, stack.uid)


def processes_beside(slug: Path) -> dict[str, str]:
    """Process types and commands from the ``.json`` beside a stored slug; empty if there is none."""
    about = slug.with_suffix('.json')
    try:
        found = json.loads(about.read_bytes()).get('process_types', {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise SlugError(f'{about} cannot be read: {error}') from error
    return {str(name): str(command) for name, command in found.items()}


def processes_inside(slug: Path, files: SlugFiles) -> dict[str, str]:
    """Process types and commands from the Procfile in a slug; empty if there is none. Raises SlugError or DetectError."""
    procfile = files.read_file(slug, 'app/src/Procfile', PROCFILE_LIMIT)
    return {process.name: process.command for process in parse_procfile(procfile or b'')}


def _answering(running: RunningSlug) -> int | None:
    """The port of the host at which HTTP is answered; None as long as it is not."""
    port = running.port()
    if port is None:
        return None
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request('GET', '/')
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return port


def _unanswered(running: RunningSlug, name: str, wait: float) -> str:
    why = unanswered(running.output_of(('cat', *TABLES)))
    return (
        f'{name} did not answer on $PORT within {wait:g} seconds{": " * bool(why)}{why}; '
        f'it said:\n{running.last_output()}'
    )


def _refuse_ended(running: RunningSlug, name: str) -> None:
    status = running.ended()
    if status is not None:
        raise SlugError(
            f'{name} ended (exit {status}) before it answered on $PORT; it said:\n{running.last_output()}'
        )
