"""What becomes known of a build while it goes on."""

from dataclasses import dataclass


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
