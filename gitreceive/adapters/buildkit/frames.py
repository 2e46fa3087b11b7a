"""Decodes the lines that ``POST /build`` answers with into a few plain events.

Both tongues are understood: BuildKit's traces (``moby.buildkit.trace``, protobuf in base64) and the classic
``{"stream": ...}`` messages, which Podman still speaks.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from gitreceive.adapters.buildkit.schema import StatusResponse

CLASSIC_STEP = re.compile(r'(?:STEP|Step) (\d+/\d+) ?: (.*)')
CLASSIC_CACHED = re.compile(r' ?-+> Using cache')


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became known of a step. ``id`` is its own among those of a build; ``name`` as the engine writes it."""

    id: str
    name: str
    started: bool = False
    completed: bool = False
    cached: bool = False
    error: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of what a step printed: any bytes, not necessarily whole lines or characters."""

    step: str
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ImageBuilt:
    """The build's result: an image id."""

    image: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The build ended without a result."""

    message: str


Event = Step | Output | ImageBuilt | Failed


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
    try:
        status = StatusResponse.FromString(base64.b64decode(aux, validate=True))
    except (binascii.Error, DecodeError):
        return
    for vertex in status.vertexes:
        yield Step(
            id=vertex.digest,
            name=vertex.name,
            started=vertex.HasField('started'),
            completed=vertex.HasField('completed'),
            cached=vertex.cached,
            error=vertex.error,
        )
    for log in status.logs:
        yield Output(step=log.vertex, stream=log.stream, data=log.msg)
