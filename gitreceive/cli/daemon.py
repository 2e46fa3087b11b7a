"""``gitreceive daemon``: the process that builds."""

import logging
import os
import signal
import sys
import threading

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.daemon.service import Service

LIFELINE = 'GITRECEIVE_LIFELINE'


@click.command('daemon')
@settings_options
def daemon(settings: Settings) -> None:
    """Build what is pushed. The door is a process of its own."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format='builder: %(message)s')
    logging.getLogger('urllib3').setLevel(logging.ERROR)
    service = Service(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    lifeline = os.environ.get(LIFELINE, '')
    if lifeline.isdecimal():
        threading.Thread(target=_end_with, args=(int(lifeline), service), daemon=True).start()
    logging.getLogger(__name__).info('ready')
    service.run()


def _end_with(lifeline: int, service: Service) -> None:
    os.read(lifeline, 1)
    service.stop()
