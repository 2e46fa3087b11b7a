"""Stops what runs while the daemon does, on the word of the sysadmin."""

import logging
from collections.abc import Callable

from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor
from gitreceive.model.errors import AccessDenied, BadCommand
from gitreceive.run.halt import halt
from gitreceive.run.parts import Running

log = logging.getLogger(__name__)

TOLD = (
    'The router is stopped, and the daemon carries nothing out: what is pushed waits. All starts again with the daemon: '
    'end "gitreceive serve" and start it\n'
)


def halt_all(actor: Actor, running: Running | None, end_work: Callable[[], None]) -> Answering:
    """Ends what is carried out and what supervises, then all that runs. Raises AccessDenied, BadCommand, EngineGone."""
    if actor.key:
        raise AccessDenied('the receiver is halted on its host alone, by root or the user of its daemon')
    if running is None:
        raise BadCommand('releases are not run here (setting run.enabled): there is nothing to stop')
    log.info('%s: halt', actor.name)
    end_work()
    for instance in halt(running.ports, running.grace):
        yield f'Stopped {instance.app} {instance.name}\n'.encode()
    yield TOLD.encode()
    return End(0)
