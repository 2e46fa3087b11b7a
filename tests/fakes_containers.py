"""Stand-ins for containers in the foreground and for slugs that run, which keep their ports' promises."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from gitreceive.model.container import HOST, ContainerSpec, Streams, port_taken
from gitreceive.model.errors import SourceError, StackError


class FakeContainers:
    """Runs commands on this host, with the images that there are. Satisfies ``run.ports.Containers``."""

    def __init__(self, *images: str) -> None:
        self.images = set(images)
        self.there: list[Mapping[str, str]] = []

    def attach(self, spec: ContainerSpec, labels: Mapping[str, str]) -> 'FakeAttached':
        return FakeAttached(self, spec, labels)

    def remove_orphans(self, mine: tuple[str, str], owner_label: str, alive: Callable[[str], bool]) -> int:
        orphans = [
            labels
            for labels in self.there
            if labels.get(mine[0]) == mine[1] and not alive(labels.get(owner_label, ''))
        ]
        self.there = [labels for labels in self.there if labels not in orphans]
        return len(orphans)


class FakeAttached:
    """One command. Satisfies ``run.ports.Attached``."""

    def __init__(self, containers: FakeContainers, spec: ContainerSpec, labels: Mapping[str, str]) -> None:
        self._containers, self._spec, self._labels = containers, spec, labels
        self._process: subprocess.Popen[bytes] | None = None
        self._stops = 0

    def run(self, started: Callable[[int], None] = lambda port: None) -> int:
        spec = self._spec
        if spec.image not in self._containers.images:
            raise StackError(f'the engine has no image {spec.image}: run "gitreceive stack build"')
        for source in spec.sandbox.mounts.values():
            if not source.exists():
                raise SourceError(f'the Docker engine does not see {source}')
        port = _free(spec.port.outside) if spec.port else 0
        self._containers.there.append(self._labels)
        given = subprocess.DEVNULL if spec.streams == Streams.OUTPUT else None
        environ = {**os.environ, **spec.env}
        with subprocess.Popen(spec.command, stdin=given, env=environ) as self._process:
            if self._stops:
                self._process.terminate()
            started(port)
            status = self._process.wait()
        self._containers.there.remove(self._labels)
        return 128 - status if status < 0 else status

    def stop(self) -> None:
        self._stops += 1
        if self._process:
            self._process.send_signal(signal.SIGTERM if self._stops == 1 else signal.SIGKILL)


def _free(port: int) -> int:
    with closing(socket.socket()) as probe:
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise port_taken(port) from error
        return int(probe.getsockname()[1])


class FakeRunner:
    """One slug that runs, or has ended. Satisfies ``SlugRunner`` and ``RunningSlug``."""

    def __init__(self, port: int | None = None, status: int | None = None, output: str = 'goodbye') -> None:
        self._port, self._status, self._output = port, status, output
        self.started: list[tuple[ContainerSpec, Path, int]] = []
        self.removed = False
        self.images: set[str] | None = None

    @contextmanager
    def start(self, spec: ContainerSpec, slug: Path, owner: int) -> Iterator['FakeRunner']:
        if self.images is not None and spec.image not in self.images:
            raise StackError(f'the engine has no image {spec.image}: run "gitreceive stack build"')
        self.started.append((spec, slug, owner))
        yield self
        self.removed = True

    def port(self) -> int | None:
        return self._port

    def ended(self) -> int | None:
        return self._status

    def output_of(self, command: Sequence[str]) -> str:
        return command[1] if command[0] == 'echo' else ''

    def last_output(self) -> str:
        return self._output.strip() or 'nothing'

    def follow(self) -> Iterator[str]:
        yield self._output

    def wait(self) -> int:
        return self._status or 0
