"""Runs commands in containers of a release for somebody who is attached to them. Satisfies ``AttachedCommands``."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import requests
from docker import APIClient
from docker.errors import APIError

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.attachment import Attachment
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.container import Streams
from gitreceive.model.errors import BuildError
from gitreceive.model.instance import InstanceSpec
from gitreceive.model.terminal import Window
from gitreceive.run.attached import Printed

GRACE = 3.0
"""Seconds between SIGHUP and SIGKILL for a command whose caller has gone."""

LOOK_SECONDS = 10

ENDED = (requests.codes.not_found, requests.codes.conflict)
"""What the engine answers about a container that has ended."""

TRIES = 20
"""How often a signal or a size is told to a container that begins: the engine takes it when that runs in earnest."""


class DockerAttachedCommands:
    """Commands of one receiver in one engine; ``session`` is a word of this process's own."""

    def __init__(self, containers: InstanceContainers, session: str) -> None:
        self._containers, self._session = containers, session

    @contextmanager
    def begin(self, spec: InstanceSpec) -> Iterator['DockerAttachedCommand']:
        """See the port."""
        engine, attached = self._containers.engine, list[Attachment]()
        terminal = spec.container.streams == Streams.TERMINAL

        def attach(container: str) -> None:
            attached.append(Attachment(engine, client, container, given=True, terminal=terminal))

        with engine.connect() as client:
            try:
                marks = {labels.COMMAND: self._session}
                container = self._containers.begin(client, spec, marks, attach)
                try:
                    yield DockerAttachedCommand(engine, client, container, attached[-1])
                finally:
                    attached[-1].hang_up()
                    engine.remove_container(client, container)
            finally:
                for each in attached[:-1]:
                    each.hang_up()


class DockerAttachedCommand:
    """A command that runs. Satisfies ``AttachedCommand``."""

    def __init__(self, engine: Engine, client: APIClient, container: str, attachment: Attachment) -> None:
        self._engine, self._client, self._container = engine, client, container
        self._attachment = attachment

    def write(self, data: bytes) -> bool:
        """See the port."""
        return self._attachment.write(data)

    def end_input(self) -> None:
        """See the port."""
        self._attachment.end_input()

    def output(self) -> Iterator[Printed]:
        """See the port."""
        for error, data in self._attachment.pieces():
            yield Printed(data, error)

    def resize(self, window: Window) -> None:
        """See the port."""
        self._told(lambda client: client.resize(self._container, window.rows, window.columns))

    def signal(self, name: str) -> None:
        """See the port."""
        self._told(lambda client: client.kill(self._container, f'SIG{name}'))

    def end(self) -> None:
        """See the port."""
        threading.Thread(target=self._end, daemon=True).start()

    def status(self) -> int:
        """See the port. An engine at its limits may never tell the end of a container to who waits for it."""
        with self._engine.errors('waited for a container'):
            while True:
                try:
                    return int(self._client.wait(self._container, timeout=LOOK_SECONDS)['StatusCode'])
                except requests.RequestException:
                    state = self._client.inspect_container(self._container)['State']
                    if not state['Running']:
                        return int(state['ExitCode'])

    def _end(self) -> None:
        self.signal('HUP')
        time.sleep(GRACE)
        self._told(lambda client: client.kill(self._container, 'SIGKILL'), tries=1)

    def _told(self, tell: Callable[[APIClient], object], tries: int = TRIES) -> None:
        """Nothing if it has ended: then the engine knows nobody to tell."""
        with suppress(BuildError), self._engine.connect() as client:
            for number in range(tries):
                with self._engine.errors('told a container something'):
                    try:
                        tell(client)
                        return
                    except APIError as error:
                        if error.status_code in ENDED:
                            return
                time.sleep(0.01 * (number + 1))
