"""What happened on this receiver: apps and how they run, operations, releases, events, in SQLite. The daemon's alone."""

from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.journal.apps import Apps
from gitreceive.journal.database import Database
from gitreceive.journal.domains import Domains
from gitreceive.journal.events import Events
from gitreceive.journal.making import ensure
from gitreceive.journal.operations import Operations
from gitreceive.journal.releases import Releases
from gitreceive.journal.running import RunningApps
from gitreceive.journal.slugs import Slugs


class Journal:
    """The parts of one journal, in one file."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises StateError if it cannot be used."""
        self._database = Database(path)
        self.apps = Apps(self._database)
        self.running = RunningApps(self._database)
        self.domains = Domains(self._database)
        self.operations = Operations(self._database)
        self.releases = Releases(self._database)
        self.slugs = Slugs(self._database)
        self.events = Events(self._database)

    def check(self) -> None:
        """Reads all of the file. Raises StateError, with what to do, if it is damaged."""
        self._database.check()

    @property
    def changes(self) -> int:
        """Another number after each change that this process made."""
        return self._database.changes

    def close(self) -> None:
        """Closes the file."""
        self._database.close()


def open_journal(home: Home) -> Journal:
    """The journal of a receiver; made from the one of an earlier version, if there is none yet. Raises StateError."""
    ensure(home.journal_db, home.history_db)
    return Journal(home.journal_db)
