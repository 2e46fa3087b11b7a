"""What the builder's answers work with."""

from dataclasses import dataclass

from gitreceive.builder.pushes import Reception
from gitreceive.builder.queue import Queue
from gitreceive.history import History
from gitreceive.home import Home
from gitreceive.planning import Planner
from gitreceive.settings import Settings
from gitreceive.slugs.retention import Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One receiver's history, queue and reception."""

    settings: Settings
    home: Home
    history: History
    planner: Planner
    queue: Queue
    reception: Reception
    keeper: Keeper
