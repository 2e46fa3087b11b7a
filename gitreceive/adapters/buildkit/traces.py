"""BuildKit's traces: protobuf in base64, as ``POST /build`` has them in its answer."""

import base64
import binascii
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from gitreceive.adapters.buildkit.events import Event, Output, Step
from gitreceive.adapters.buildkit.schema import StatusResponse


def events(aux: str) -> Iterator[Event]:
    """What a trace tells of steps; nothing if it is none."""
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
