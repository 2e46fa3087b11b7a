"""What running needs from an engine, as small protocols. Adapters satisfy them without inheriting."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from gitreceive.model.container import ContainerSpec


class Attached(Protocol):
    """A container in the foreground: its input, output, terminal, end and exit status are those of the caller."""

    def run(self, started: Callable[[int], None] = lambda port: None) -> int:
        """The exit status of its command. ``started`` is given the port of the host that leads to it, 0 if none does.

        Whatever happens, the container is gone when this returns. Raises StackError without the image, BadCommand if
        the port is taken, SourceError if the engine does not see a directory, EngineGone or BuildError.
        """

    def stop(self) -> None:
        """Ends it: SIGTERM, and SIGKILL if that is not enough or when it is asked for again. From any thread."""


class Containers(Protocol):
    """Runs containers that live as long as a command."""

    def attach(self, spec: ContainerSpec, labels: Mapping[str, str]) -> Attached:
        """One run, which has not begun."""

    def remove_orphans(self, mine: tuple[str, str], owner_label: str, alive: Callable[[str], bool]) -> int:
        """Removes the containers with the label ``mine`` whose owner is not alive; returns how many."""


class RunningSlug(Protocol):
    """A process of a slug that was started."""

    def port(self) -> int | None:
        """The port of the host that leads to it; None as long as none does."""

    def ended(self) -> int | None:
        """Its exit status; None as long as it runs."""

    def output_of(self, command: Sequence[str]) -> str:
        """What a command prints that runs beside the process."""

    def last_output(self) -> str:
        """The end of what the process printed, harmless for a terminal."""

    def follow(self) -> Iterator[str]:
        """What it prints, as it comes, until it ends."""

    def wait(self) -> int:
        """Its exit status, once it has ended."""


class SlugRunner(Protocol):
    """Puts slugs into containers of the clean run image."""

    def start(self, spec: ContainerSpec, slug: Path, owner: int) -> AbstractContextManager[RunningSlug]:
        """Starts the container with the slug below ``/``, whose files belong to the user ``owner``; removes it at the end.

        Raises StackError without the image, SlugError if the slug cannot be unpacked, EngineGone or BuildError.
        """
