"""Where things lie below the receiver's home directory, and who may read them.

The door may read ``access/`` and owns ``door/`` and ``repos/``; ``builder/`` and ``slugs/`` are the builder's alone;
``run/`` holds the socket between the two.
"""

from dataclasses import dataclass
from pathlib import Path

from gitreceive.model.app import AppName


@dataclass(frozen=True, slots=True)
class Home:
    """The paths below ``root``."""

    root: Path

    @property
    def access_db(self) -> Path:
        """Who may do what: keys and grants. Written by the sysadmin's commands, read by the door."""
        return self.root / 'access' / 'access.db'

    @property
    def host_key(self) -> Path:
        """The door's ed25519 host key."""
        return self.root / 'door' / 'ssh_host_ed25519_key'

    @property
    def repos(self) -> Path:
        """All bare repositories."""
        return self.root / 'repos'

    def repo(self, app: AppName) -> Path:
        """The bare repository of an app."""
        return self.repos / f'{app}.git'

    @property
    def socket(self) -> Path:
        """The builder's Unix socket."""
        return self.root / 'run' / 'builder.sock'

    @property
    def history_db(self) -> Path:
        """What happened: apps, config vars, builds, releases."""
        return self.root / 'builder' / 'history.db'

    def log(self, build: int) -> Path:
        """The log of a build."""
        return self.root / 'builder' / 'logs' / f'{build}.log'

    def slug_lock(self, app: AppName) -> Path:
        """Held by who stores or removes slugs of an app."""
        return self.root / 'builder' / 'locks' / app

    @property
    def work(self) -> Path:
        """Temporary files of running builds; emptied at start-up."""
        return self.root / 'builder' / 'work'

    @property
    def boot(self) -> Path:
        """In which run of the host the newest slugs were looked at last."""
        return self.root / 'builder' / 'boot'

    @property
    def chunk_cache(self) -> Path:
        """What members of slugs were packed from: an index for each app. May be removed at any time."""
        return self.root / 'builder' / 'shelf'

    @property
    def members(self) -> Path:
        """Members of slugs, for storages that keep whole slugs only; bounded, and may be removed at any time."""
        return self.root / 'builder' / 'members'

    @property
    def far(self) -> Path:
        """What is known here of storages elsewhere: what mirrors lack, what was sent, and what a platform calls its slugs."""
        return self.root / 'builder' / 'far'
