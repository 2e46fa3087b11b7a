"""Who pushes and gives commands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who pushes or gives a command, and what they may reach.

    ``name`` is what their key was registered under; ``key`` its SHA256 fingerprint, empty on the host itself. ``apps``
    are the apps that the key may reach, None for all of them; the journal keeps name and key only.
    """

    name: str
    key: str = ''
    apps: frozenset[str] | None = None

    def reaches(self, app: str) -> bool:
        """Whether the actor may know of this app and change it."""
        return self.apps is None or app in self.apps
