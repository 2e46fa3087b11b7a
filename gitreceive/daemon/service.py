"""The daemon as a process: from the settings to a socket that answers, and an orderly end."""

import os
import pwd
import threading
from functools import partial

from gitreceive.commands.plan import Plans
from gitreceive.config.account import ssh_account
from gitreceive.config.settings import Settings
from gitreceive.daemon.answers import respond
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.engine import remove_images
from gitreceive.daemon.housekeeping import Housekeeping
from gitreceive.daemon.intake import Intake
from gitreceive.daemon.jobs import PostReleaseJobs
from gitreceive.daemon.log import Logs
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.restart import complete, reconcile, sweep
from gitreceive.daemon.services import Services
from gitreceive.daemon.socket import Answering, SocketServer
from gitreceive.daemon.worker import Interrupted, Worker
from gitreceive.wiring import Receiver, engine_answers, open_receiver

END_SECONDS = 5.0
"""How long running operations may take to let go when the daemon ends; they are in the journal and start again."""

OTHERS = 2
"""Workers for what needs no build: a rollback waits for no build of another app."""


def open_services(settings: Settings, receiver: Receiver) -> Services:
    """What the daemon's answers need, without workers: enough to read, to journal and to cancel."""
    logs = Logs(receiver.home, settings.limits.log_bytes)
    queue = Queue(receiver.journal, logs, partial(engine_answers, settings), settings.limits.build_seconds)
    positions = Positions(receiver.journal, logs, settings.builds.parallel)
    return Services(
        settings=settings,
        home=receiver.home,
        journal=receiver.journal,
        plans=Plans(receiver.home, receiver.journal.apps, receiver.planner, settings.limits.checkout_files),
        slugs=receiver.slugs,
        retention=receiver.retention,
        logs=logs,
        queue=queue,
        positions=positions,
        intake=Intake(receiver.journal, queue, positions, receiver.home),
    )


class Service:
    """A running daemon."""

    def __init__(self, settings: Settings) -> None:
        self._receiver = open_receiver(settings)
        self._receiver.journal.check()
        self._receiver.journal.events.trim()
        self._services = open_services(settings, self._receiver)
        own = frozenset({0, os.geteuid()})
        account = ssh_account(settings)
        allowed = own | {account.pw_uid} if account else own
        answer = partial(_answer, services=self._services, own=own)
        group = account.pw_gid if account else None
        self._server = SocketServer(self._receiver.home.socket, allowed, group, answer)
        reconcile(self._receiver, self._services)
        tidy = partial(remove_images, self._receiver.journal, self._receiver.builder)
        self._jobs = PostReleaseJobs(self._receiver.retention, self._receiver.documents, tidy)
        self._housekeeping = Housekeeping(self._services)
        parts = (self._services.queue, self._receiver, self._services.logs, self._on_end)
        self._workers = [Worker(*parts) for _ in range(settings.builds.parallel)]
        self._workers += [Worker(*parts, builds=False) for _ in range(OTHERS)]

    def run(self) -> None:
        """Answers and works until ``stop``; then ends running operations, which start again next time."""
        for slow in (sweep, complete):
            threading.Thread(target=slow, args=(self._receiver,), daemon=True).start()
        for thread in (self._housekeeping, self._jobs, *self._workers):
            thread.start()
        self._server.serve()
        self._services.queue.close()
        self._housekeeping.close()
        self._jobs.close()
        self._services.queue.stop_all(Interrupted('the receiver is ending'))
        for thread in (self._jobs, *self._workers):
            thread.join(END_SECONDS)

    def _on_end(self) -> None:
        self._services.positions.tell()
        self._jobs.ring()

    def stop(self) -> None:
        """Lets ``run`` return. May be called by a signal handler."""
        self._server.close()


def _answer(conversation: Conversation, services: Services, own: frozenset[int]) -> Answering:
    return respond(
        conversation.fields,
        services,
        conversation,
        _user(conversation.peer) if conversation.peer in own else '',
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f'uid {uid}'
