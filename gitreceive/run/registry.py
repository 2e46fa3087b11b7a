"""The registry that this process serves, as its own engine reaches it."""

import hmac
import secrets
import threading
from dataclasses import dataclass

from gitreceive.model.errors import RunError

USER = 'engine'
"""For people who read logs: the secret alone opens it."""

OPENING_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAccess:
    """Where it answers (``host:port``), and what opens it."""

    address: str
    user: str
    password: str


class OwnRegistry:
    """Has a secret that is in the memory of this process only, and an address as soon as it listens."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)
        self._address = ''
        self._listening = threading.Event()

    def listening(self, address: str) -> None:
        """It is reached there from now on."""
        self._address = address
        self._listening.set()

    def access(self) -> RegistryAccess:
        """How to reach it. Raises RunError if it does not listen, and will not in a moment."""
        if not self._listening.wait(OPENING_SECONDS):
            raise RunError('the registry of this receiver does not listen: see the log of the daemon')
        return RegistryAccess(address=self._address, user=USER, password=self._secret)

    def opened_by(self, password: str) -> bool:
        """Whether this is the secret."""
        return hmac.compare_digest(password.encode(), self._secret.encode())
