"""The builder as a process: from the settings to a socket that answers, and an orderly end."""

import os
import pwd
import threading
from functools import partial

from gitreceive.build.deploy import Line
from gitreceive.config.settings import Settings
from gitreceive.daemon.answers import respond
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.intake import Intake
from gitreceive.daemon.jobs import PostReleaseJobs
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.restart import complete, reconcile, sweep
from gitreceive.daemon.services import Services
from gitreceive.daemon.socket import Answering, SocketServer
from gitreceive.daemon.worker import Interrupted, Worker
from gitreceive.model.errors import SettingsError
from gitreceive.wiring import engine_answers, open_line

END_SECONDS = 5.0
"""How long running builds may take to let go when the builder ends; they are in the journal and start again."""


def open_services(settings: Settings, line: Line) -> Services:
    """The builder's working surface, without workers: enough to read, to journal and to cancel."""
    queue = Queue(line.journal, partial(engine_answers, settings))
    intake = Intake(line.journal, queue, line.home, settings)
    return Services(
        settings=settings,
        home=line.home,
        journal=line.journal,
        planner=line.planner,
        keeper=line.keeper,
        queue=queue,
        intake=intake,
    )


class Service:
    """A running builder."""

    def __init__(self, settings: Settings) -> None:
        self._line = open_line(settings)
        self._desk = open_services(settings, self._line)
        own = frozenset({0, os.geteuid()})
        door = ssh_account(settings)
        allowed = own | {door.pw_uid} if door else own
        answer = partial(_answer, services=self._desk, own=own)
        self._server = SocketServer(self._line.home.socket, allowed, door.pw_gid if door else None, answer)
        reconcile(self._line, self._desk.queue)
        self._aftercare = PostReleaseJobs(self._line.keeper, self._line.reader)
        self._workers = [
            Worker(self._desk.queue, self._line, self._on_end) for _ in range(settings.builds.parallel)
        ]

    def run(self) -> None:
        """Answers and builds until ``stop``; then ends running builds, which start again next time."""
        for slow in (sweep, complete):
            threading.Thread(target=slow, args=(self._line,), daemon=True).start()
        for thread in (self._aftercare, *self._workers):
            thread.start()
        self._server.serve()
        self._desk.queue.close()
        self._aftercare.close()
        self._desk.queue.stop_all(Interrupted('the receiver is ending'))
        for thread in (self._aftercare, *self._workers):
            thread.join(END_SECONDS)

    def _on_end(self) -> None:
        self._desk.intake.tell_places()
        self._aftercare.ring()

    def stop(self) -> None:
        """Lets ``run`` return. May be called by a signal handler."""
        self._server.close()


def ssh_account(settings: Settings) -> pwd.struct_passwd | None:
    """The user that the door runs as, if it is another one. Raises SettingsError if there is no such user."""
    if not settings.ssh.user:
        return None
    try:
        if settings.ssh.user.isdecimal():
            return pwd.getpwuid(int(settings.ssh.user))
        return pwd.getpwnam(settings.ssh.user)
    except KeyError as error:
        raise SettingsError(f'ssh.user = {settings.ssh.user!r}: this host has no such user') from error


def _answer(conversation: Conversation, services: Services, own: frozenset[int]) -> Answering:
    return respond(
        conversation.fields, services, _user(conversation.peer) if conversation.peer in own else ''
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f'uid {uid}'
