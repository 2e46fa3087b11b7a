"""Requests that are answered from the journal, when no daemon is up to be asked. Loads what the daemon is made of."""

import getpass
from collections.abc import Sequence
from typing import BinaryIO

from gitreceive.config.settings import Settings
from gitreceive.daemon.answers import respond
from gitreceive.daemon.service import open_services
from gitreceive.daemon.socket import Answering
from gitreceive.wiring import open_line


def respond_alone(fields: Sequence[str], stream: BinaryIO | None, settings: Settings) -> Answering:
    """Yields text and returns the status, as the daemon would to its own user. No build is begun."""
    services = open_services(settings, open_line(settings))
    services.queue.close()
    return respond(fields, services, host=getpass.getuser())
