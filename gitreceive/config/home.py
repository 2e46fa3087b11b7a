"""Where things lie below the receiver's home directory, and who may read them.

The SSH server may read ``access/`` and owns ``sshd/`` and ``repos/``; ``daemon/`` and ``slugs/`` are the daemon's alone;
``run/`` holds the socket between the two. ``gitreceive.config.upgrade`` knows what these were called before.
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
        """Who may do what: keys and grants. Written by the sysadmin's commands, read by the SSH server."""
        return self.root / 'access' / 'access.db'

    @property
    def sshd(self) -> Path:
        """What the SSH server keeps for itself."""
        return self.root / 'sshd'

    @property
    def host_key(self) -> Path:
        """The SSH server's ed25519 host key."""
        return self.sshd / 'ssh_host_ed25519_key'

    @property
    def repos(self) -> Path:
        """All bare repositories."""
        return self.root / 'repos'

    def repo(self, app: AppName) -> Path:
        """The bare repository of an app."""
        return self.repos / f'{app}.git'

    @property
    def run(self) -> Path:
        """What both processes may enter."""
        return self.root / 'run'

    @property
    def socket(self) -> Path:
        """The daemon's Unix socket."""
        return self.run / 'daemon.sock'

    @property
    def lock(self) -> Path:
        """Held by the daemon as long as it runs."""
        return self.run / 'daemon.lock'

    @property
    def daemon(self) -> Path:
        """What the daemon keeps for itself."""
        return self.root / 'daemon'

    @property
    def journal_db(self) -> Path:
        """The journal: apps, config vars, operations, releases, events."""
        return self.daemon / 'journal.db'

    @property
    def config_key(self) -> Path:
        """What the config vars in ``journal_db`` are encrypted with. Without it they cannot be read."""
        return self.daemon / 'config.key'

    @property
    def history_db(self) -> Path:
        """The journal of earlier versions, from which ``journal_db`` is made once."""
        return self.daemon / 'history.db'

    def log(self, number: int) -> Path:
        """The log of an operation."""
        return self.daemon / 'logs' / f'{number}.log'

    def slug_lock(self, app: AppName) -> Path:
        """Held by who stores or removes slugs of an app."""
        return self.daemon / 'locks' / app

    @property
    def work(self) -> Path:
        """Temporary files of running builds; emptied at start-up."""
        return self.daemon / 'work'

    @property
    def identity(self) -> Path:
        """A word that tells this receiver from all others."""
        return self.daemon / 'identity'

    @property
    def boot(self) -> Path:
        """In which run of the host the newest slugs were looked at last."""
        return self.daemon / 'boot'

    @property
    def chunk_cache(self) -> Path:
        """What chunks of slugs were packed from: an index for each app. May be removed at any time."""
        return self.daemon / 'chunk-cache'

    @property
    def chunks(self) -> Path:
        """Chunks of slugs, for storages that keep whole slugs only; bounded, and may be removed at any time."""
        return self.daemon / 'chunks'

    @property
    def remotes(self) -> Path:
        """What is known here of remote storages: what mirrors lack, what was sent, and what a platform calls its slugs."""
        return self.daemon / 'remotes'

    @property
    def base_images(self) -> Path:
        """The run images of stacks, exported for the registry. May be removed at any time."""
        return self.daemon / 'base-images'

    @property
    def router(self) -> Path:
        """What the router has: its configuration, its socket, its log. Made again from the journal when it is lost."""
        return self.daemon / 'router'

    @property
    def access_log(self) -> Path:
        """The newest requests, a line each; those of before are beside it, in ``access.log.1``."""
        return self.router / 'access.log'

    @property
    def certificates(self) -> Path:
        """Certificates and their keys: those that people gave, those that were issued, and the receiver's own authority."""
        return self.daemon / 'certificates'
