"""Runs a command in a container of a release, without input. Satisfies ``OneOff``."""

import contextlib
import threading
from collections.abc import Callable

from docker import APIClient

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.attachment import Attachment
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.model.errors import BuildError
from gitreceive.model.instance import InstanceSpec
from gitreceive.model.progress import Cancellation

GRACE = 10
"""Seconds between SIGTERM and SIGKILL."""


class DockerOneOff:
    """Commands of one receiver in one engine; ``session`` is a word of this process's own."""

    def __init__(self, containers: InstanceContainers, session: str) -> None:
        self._containers, self._engine = containers, containers.engine
        self._session = session

    def run(self, spec: InstanceSpec, output: Callable[[bytes], None], cancellation: Cancellation) -> int:
        """See the port."""
        cancellation.check()
        with self._engine.connect() as client, _Run(self._containers, client) as run:
            run.begin(spec, {labels.COMMAND: self._session})
            with cancellation.call_on_stop(run.stop):
                run.pass_on(output)
            cancellation.check()
            return run.status()

    def remove_left(self) -> int:
        """See the port."""
        removed = 0
        with self._engine.connect() as client:
            with self._engine.errors('looked for commands that were left behind'):
                wanted = {'label': [self._containers.mine, labels.COMMAND]}
                found = client.containers(all=True, filters=wanted)
            for container in found:
                if container['Labels'][labels.COMMAND] != self._session:
                    self._engine.remove_container(client, container['Id'])
                    removed += 1
        return removed


class _Run:
    """A container that is gone at the end of the context."""

    def __init__(self, containers: InstanceContainers, client: APIClient) -> None:
        self._containers, self._engine, self._client = containers, containers.engine, client
        self._container = ''
        self._attachment: Attachment | None = None

    def __enter__(self) -> '_Run':
        return self

    def __exit__(self, *error: object) -> None:
        self._hang_up()
        if self._container:
            self._engine.remove_container(self._client, self._container)

    def begin(self, spec: InstanceSpec, marks: dict[str, str]) -> None:
        self._container = self._containers.begin(self._client, spec, marks, self._attach)

    def pass_on(self, output: Callable[[bytes], None]) -> None:
        """Everything that it prints, until it ends."""
        assert self._attachment
        for _, data in self._attachment.pieces():
            output(data)

    def status(self) -> int:
        with self._engine.errors('waited for a container'):
            return int(self._client.wait(self._container, timeout=None)['StatusCode'])

    def stop(self) -> None:
        """Ends it, from a thread that is not kept waiting."""
        threading.Thread(target=self._stopped, daemon=True).start()

    def _stopped(self) -> None:
        with contextlib.suppress(BuildError):
            with self._engine.connect() as client, self._engine.errors('stopped a container'):
                client.stop(self._container, timeout=GRACE)

    def _attach(self, container: str) -> None:
        self._hang_up()
        self._attachment = Attachment(self._engine, self._client, container)

    def _hang_up(self) -> None:
        if self._attachment:
            self._attachment.hang_up()
