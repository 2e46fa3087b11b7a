"""What the router is to know of an app."""

from dataclasses import dataclass
from typing import NamedTuple

from gitreceive.model.app import AppName


class Endpoint(NamedTuple):
    """Where an instance takes requests: ``instance`` is its name, ``release`` its version."""

    instance: str
    release: int
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The host names of an app, and who answers for them; nobody: the page says that the app is down.

    ``domains`` are its own beside ``APP.DOMAIN``. ``sticky``: a client stays with the instance that answered it first.
    """

    app: AppName
    endpoints: tuple[Endpoint, ...] = ()
    domains: tuple[str, ...] = ()
    maintenance: bool = False
    sticky: bool = False
