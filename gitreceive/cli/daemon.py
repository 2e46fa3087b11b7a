"""``gitreceive daemon``: the process that builds."""

import logging
import os
import sys
import threading

import click

from gitreceive.cli.memory import share_heaps
from gitreceive.cli.options import settings_options
from gitreceive.cli.supervised import lifeline, tell_ready
from gitreceive.cli.supervisor import stop_at_signals
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.config.prepare import prepare_home
from gitreceive.config.settings import Settings
from gitreceive.daemon.service import Service


@click.command('daemon')
@settings_options
def daemon(settings: Settings) -> None:
    """Build what is pushed. The SSH server is a process of its own."""
    share_heaps()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format='daemon: %(message)s')
    logging.getLogger('urllib3').setLevel(logging.ERROR)
    with home_lock(Home(settings.home)):
        prepare_home(settings)
        service = Service(settings)
        stop_at_signals(service.stop)
        supervisor = lifeline()
        if supervisor is not None:
            threading.Thread(target=_end_with, args=(supervisor, service), daemon=True).start()
        logging.getLogger(__name__).info('ready')
        tell_ready()
        service.run()


def _end_with(supervisor: int, service: Service) -> None:
    os.read(supervisor, 1)
    service.stop()
