"""Tells a console how a build goes, and keeps what is needed to say why it failed."""

import re
from collections import deque

from gitreceive.adapters.buildkit.events import Event, Failed, ImageBuilt, Output, Step
from gitreceive.adapters.buildkit.lines import LineJoiner
from gitreceive.adapters.buildkit.titles import runs, title
from gitreceive.model.errors import BuildError
from gitreceive.model.progress import Console
from gitreceive.model.stackimages import making
from gitreceive.model.text import harmless

TAIL = 30
"""Lines of a step's output that are kept for the explanation of its failure."""

EXIT = re.compile(r'(?:exit code:|exit status|non-zero code:) (\d+)')
"""BuildKit's two forms ("executor failed running [...]: exit code: 1", "process ... did not complete successfully:
exit code: 1"), Podman's and the classic builder's."""

LOST = re.compile(
    r'parent snapshot \S+ does not exist|missing parent "\S+" bucket|\blayer does not exist|unknown parent image ID'
)
"""What containerd's metadata and snapshots and Docker's layer store say of a layer that was there a moment ago."""

MISSING_BASE = re.compile(r'\[internal\] load metadata for (?:[\w.-]+\.[a-z]+/)?(?:library/)?(\S+)')


class LayerLost(BuildError):
    """The engine has begun from a layer that somebody removed in the meantime: built again, it begins from another."""


class _Running:
    """A step that has started and not ended."""

    def __init__(self, name: str) -> None:
        self.title = title(name) or name
        self.runs = runs(name)
        self.lines: dict[int, LineJoiner] = {}
        self.tail: deque[str] = deque(maxlen=TAIL)


class Progress:
    """The state of one build. ``image`` is empty until the build has succeeded."""

    def __init__(self, console: Console) -> None:
        self.image = ''
        self._console = console
        self._running: dict[str, _Running] = {}
        self._ended: set[str] = set()
        self._unchanged: list[str] = []
        self._failure: Step | None = None
        self._failed: _Running | None = None
        self._message = ''

    def take(self, event: Event) -> None:
        """Notes one event and tells the console what people should see of it."""
        match event:
            case Step():
                self._step(event)
            case Output():
                self._output(event)
            case ImageBuilt(image=image):
                self.image = image
            case Failed(message=message):
                self._message = message

    @property
    def step(self) -> str:
        """The short name of the step that runs now (or ran last), or an empty string."""
        shown = [step.title for step in self._running.values()]
        return shown[-1] if shown else ''

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of that step."""
        return tuple(next(reversed(self._running.values())).tail) if self._running else ()

    def failure(self) -> BuildError | None:
        """Why the build failed, or None as long as it has not."""
        if not self._message:
            return None
        message, step = self._message, self.step
        tail = self.tail
        if self._failure and self._failed:
            message, step, tail = self._failure.error, self._failed.title, tuple(self._failed.tail)
        elif self._failure and (base := MISSING_BASE.match(self._failure.name)):
            return BuildError(f'the engine has no base image {base[1]} (run "{making(base[1])}"): {message}')
        if not step:
            kind = LayerLost if LOST.search(message) else BuildError
            return kind(f'the engine could not build the image: {harmless(message)[:1000]}')
        codes = EXIT.findall(message)
        if not codes and LOST.search(message):
            return LayerLost(f'failed in "{step}": {harmless(message)[:1000]}', step=step, tail=tail)
        if codes:
            return BuildError(f'failed in "{step}" (exit {codes[-1]})', step=step, tail=tail)
        return BuildError(f'failed in "{step}": {harmless(message)[:1000]}', step=step, tail=tail)

    def finish(self) -> None:
        """Tells what has been held back so far."""
        for step in list(self._running.values()):
            self._flush(step)
        self._tell_unchanged()

    def _step(self, event: Step) -> None:
        if (
            event.started
            and not event.cached
            and event.id not in self._running
            and event.id not in self._ended
        ):
            self._start(event)
        if event.completed or event.error:
            self._end(event)

    def _start(self, event: Step) -> None:
        if title(event.name) is None:
            return
        step = self._running[event.id] = _Running(event.name)
        if step.runs:
            self._tell_unchanged()
            self._console.step(step.title)

    def _end(self, event: Step) -> None:
        step = self._running.pop(event.id, None)
        if step:
            self._flush(step)
        known = step or _Running(event.name)
        if event.cached and event.id not in self._ended and known.runs:
            self._unchanged.append(known.title)
        self._ended.add(event.id)
        if event.error and (self._failure is None or not EXIT.search(self._failure.error)):
            self._failure, self._failed = event, step

    def _output(self, event: Output) -> None:
        step = self._running.get(event.step)
        if step is None:
            return
        for line in step.lines.setdefault(event.stream, LineJoiner()).feed(event.data):
            self._say(step, line)

    def _flush(self, step: _Running) -> None:
        for lines in step.lines.values():
            for line in lines.end():
                self._say(step, line)

    def _say(self, step: _Running, line: str) -> None:
        step.tail.append(harmless(line))
        self._console.detail(line)

    def _tell_unchanged(self) -> None:
        if self._unchanged:
            self._console.detail(f'Unchanged since the last build: {", ".join(self._unchanged)}')
            self._unchanged = []
