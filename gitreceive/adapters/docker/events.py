"""Tells when instances begin and end, by the events of the engine."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from types import TracebackType
from typing import Any

from docker import APIClient

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildError

AGAIN_SECONDS = 1.0
"""Until an engine that went away is asked again."""

EVENTS = ('start', 'die', 'destroy')


class EngineEvents(threading.Thread):
    """A context: as long as it lasts, ``wake`` is called, from this thread. An engine that is gone is waited for."""

    def __init__(self, engine: Engine, identity: str, wake: Callable[[AppName], None]) -> None:
        super().__init__(name='engine-events', daemon=True)
        self._engine, self._wake = engine, wake
        self._filters = {
            'type': 'container',
            'event': list(EVENTS),
            'label': [f'{labels.HOME}={identity}', labels.PROCESS],
        }
        self._ended = threading.Event()
        self._listening = threading.Event()
        self._stream: Any = None

    def __enter__(self) -> None:
        self.start()
        self._listening.wait(AGAIN_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with suppress(Exception):  # it may be in any state, and ends by itself with the engine
            self._stream.close()
        self.join(AGAIN_SECONDS)

    def run(self) -> None:
        """Listens until the context ends."""
        while not self._ended.is_set():
            with suppress(BuildError):
                with self._engine.connect() as client:
                    self._listen(client)
            self._listening.set()
            self._ended.wait(AGAIN_SECONDS)

    def _listen(self, client: APIClient) -> None:
        for event in self._events(client):
            marks = event['Actor']['Attributes']
            if labels.COMMAND not in marks and not self._ended.is_set():
                self._wake(labels.app_in(marks))

    def _events(self, client: APIClient) -> Iterator[Mapping[str, Any]]:
        with self._engine.errors('told what happens'):
            stream = client.events(decode=True, filters=self._filters)
        self._stream = stream
        self._listening.set()
        with closing(stream):
            while not self._ended.is_set():
                with self._engine.errors('told what happens'):
                    event = next(stream, None)
                if event is None:
                    return
                yield event
