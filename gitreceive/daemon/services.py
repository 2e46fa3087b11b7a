"""What the daemon's answers work with."""

from dataclasses import dataclass

from gitreceive.commands.plan import Plans
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.intake import Intake
from gitreceive.daemon.log import Logs
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.queue import Queue
from gitreceive.journal import Journal
from gitreceive.slugs.retention import Retention
from gitreceive.slugs.store import StoredSlugs


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One receiver's journal, queue and intake."""

    settings: Settings
    home: Home
    journal: Journal
    plans: Plans
    logs: Logs
    queue: Queue
    positions: Positions
    intake: Intake
    slugs: StoredSlugs
    retention: Retention
