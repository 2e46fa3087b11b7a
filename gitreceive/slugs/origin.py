"""Where a release comes from."""

from collections.abc import Iterable
from dataclasses import dataclass

from gitreceive.model.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What made a release: ``config`` names the config vars that it had, ``host`` is the receiver's name."""

    operation: Operation
    ref: str
    config: Iterable[str]
    host: str
