"""One operation that is carried out: what is passed from stage to stage beside the values of the story."""

from dataclasses import dataclass

from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation
from gitreceive.model.progress import Cancellation, Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An operation that a worker carries out: where it reports to, and what stops it."""

    operation: Operation
    console: Console
    cancellation: Cancellation

    @property
    def app(self) -> AppName:
        """The app that it changes."""
        return self.operation.app
