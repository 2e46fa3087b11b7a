"""The process types of an app."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessType:
    """A line of a Procfile: a name and a command for ``bash -c``."""

    name: str
    command: str
