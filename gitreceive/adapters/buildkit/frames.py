"""Decodes the lines that ``POST /build`` answers with into a few plain events.

Both tongues are understood: BuildKit's traces (``moby.buildkit.trace``, protobuf in base64) and the classic
``{"stream": ...}`` messages, which Podman still speaks.
"""

import json
import re
from collections.abc import Iterator
from importlib import import_module

from gitreceive.adapters.buildkit.events import Event, Failed, ImageBuilt, Output, Step

CLASSIC_STEP = re.compile(r'(?:STEP|Step) (\d+/\d+) ?: (.*)')
CLASSIC_CACHED = re.compile(r' ?-+> Using cache')

TRACES = 'gitreceive.adapters.buildkit.traces'
"""Loaded with the first trace: protobuf is 3 MB of an idle daemon."""


class Decoder:
    """Turns lines into events; it remembers the classic messages' current step."""

    def __init__(self) -> None:
        self._classic = ''

    def events(self, line: bytes) -> Iterator[Event]:
        """The events of one line. What is neither known nor well-formed is skipped."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if message.get('id') == 'moby.buildkit.trace':
            yield from _trace(str(message.get('aux')))
        elif isinstance(aux := message.get('aux'), dict) and aux.get('ID'):
            yield ImageBuilt(str(aux['ID']))
        elif 'errorDetail' in message or 'error' in message:
            detail = message.get('errorDetail')
            said = detail.get('message') if isinstance(detail, dict) else None
            yield Failed(str(said or message.get('error') or 'no reason given'))
        elif 'stream' in message:
            yield from self._stream(str(message['stream']))

    def _stream(self, text: str) -> Iterator[Event]:
        found = CLASSIC_STEP.match(text)
        if found:
            if self._classic:
                yield Step(id=self._classic, name='', completed=True)
            self._classic = found[1]
            yield Step(id=found[1], name=f'[{found[1]}] {found[2].strip()}', started=True)
        elif CLASSIC_CACHED.match(text):
            yield Step(id=self._classic, name='', started=True, completed=True, cached=True)
        else:
            yield Output(step=self._classic, stream=1, data=text.encode())


def _trace(aux: str) -> Iterator[Event]:
    events: Iterator[Event] = import_module(TRACES).events(aux)
    return events
