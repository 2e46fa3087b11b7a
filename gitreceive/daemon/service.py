"""The daemon as a process: from the settings to a socket that answers, and an orderly end."""

import os
import pwd
import threading
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from gitreceive.access.book import AccessBook
from gitreceive.commands.plan import Plans
from gitreceive.config.account import ssh_account
from gitreceive.config.settings import Settings
from gitreceive.daemon.answers import Answers
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.engine import remove_images
from gitreceive.daemon.follow import Follower
from gitreceive.daemon.housekeeping import Housekeeping
from gitreceive.daemon.intake import Intake, refusal
from gitreceive.daemon.jobs import PostReleaseJobs
from gitreceive.daemon.log import Logs
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.pushes import Pushes
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.restart import complete, reconcile, sweep
from gitreceive.daemon.runs import Runs, remove_run_images
from gitreceive.daemon.socket import Answering, SocketServer
from gitreceive.daemon.verbs.parts import Parts
from gitreceive.daemon.worker import Interrupted, Worker
from gitreceive.wiring.engine import engine_answers, open_base_images
from gitreceive.wiring.receiver import Receiver, open_receiver

END_SECONDS = 5.0
"""How long running operations may take to let go when the daemon ends; they are in the journal and start again."""

OTHERS = 8
"""Workers for what needs no build: a rollback waits for no build of another app, and hardly for a slow start of one."""


def open_queue(settings: Settings, receiver: Receiver) -> tuple[Queue, Logs]:
    """What hands operations to workers, and the logs that they write."""
    logs = Logs(receiver.home, settings.limits.log_bytes)
    asked = partial(engine_answers, settings)
    seconds, runs = settings.limits.build_seconds, settings.run.enabled
    return Queue(receiver.journal, logs, asked, seconds, runs=runs), logs


def open_answers(
    settings: Settings, receiver: Receiver, queue: Queue, logs: Logs, positions: Positions
) -> Answers:
    """Who answers requests: enough to read, to journal and to cancel, also where no worker runs."""
    home, journal = receiver.home, receiver.journal
    follower = Follower(journal, queue, logs, home, settings, receiver.slugs.url)
    intake = Intake(journal, queue, positions, home)
    plans = Plans(home, journal.apps, receiver.planner, settings.limits.checkout_files)
    parts = Parts(
        receiver=receiver,
        settings=settings,
        plans=plans,
        follower=follower,
        queue=queue,
        submit=intake.enqueue,
    )
    pushes = Pushes(
        journal=journal,
        queue=queue,
        intake=intake,
        plans=plans,
        follower=follower,
        home=home,
        refuse=partial(refusal, retention=receiver.retention, settings=settings),
    )
    return Answers(book=AccessBook(home.access_db), parts=parts, pushes=pushes)


class Service:
    """A running daemon."""

    def __init__(self, settings: Settings) -> None:
        self._receiver = open_receiver(settings)
        self._receiver.journal.check()
        self._receiver.journal.events.trim()
        self._queue, logs = open_queue(settings, self._receiver)
        self._positions = Positions(self._receiver.journal, logs, settings.builds.parallel)
        answers = open_answers(settings, self._receiver, self._queue, logs, self._positions)
        answers = replace(answers, end_work=self._end_work)
        own = frozenset({0, os.geteuid()})
        account = ssh_account(settings)
        allowed = own | {account.pw_uid} if account else own
        answer = partial(_answer, answers=answers, own=own)
        group = account.pw_gid if account else None
        self._server = SocketServer(self._receiver.home.socket, allowed, group, answer, settings.keys)
        self._registry = _open_registry(settings, self._receiver)
        reconcile(self._receiver, self._queue, logs)
        self._runs = _open_runs(self._receiver)
        tidy = partial(_tidy, self._receiver)
        self._jobs = PostReleaseJobs(self._receiver.retention, self._receiver.documents, tidy)
        self._housekeeping = Housekeeping(self._receiver.journal, self._queue, self._receiver.home)
        parts = (self._queue, self._receiver, logs, self._on_end)
        self._workers = [Worker(*parts) for _ in range(settings.builds.parallel)]
        self._workers += [Worker(*parts, builds=False) for _ in range(OTHERS)]

    def run(self) -> None:
        """Answers and works until ``stop``; then ends running operations, which start again next time."""
        for slow in (sweep, complete):
            threading.Thread(target=slow, args=(self._receiver,), daemon=True).start()
        for thread in (self._housekeeping, self._jobs, *self._workers):
            thread.start()
        if self._registry:
            self._registry.start()
        if self._runs:
            self._runs.start()
        self._server.serve()
        if self._registry:
            self._registry.close()
        self._housekeeping.close()
        self._jobs.close()
        self._end_work()
        self._jobs.join(END_SECONDS)

    def _end_work(self) -> None:
        """What is carried out lets go, and starts again with the next daemon."""
        self._queue.close()
        if self._runs:
            self._runs.close()
        self._queue.stop_all(Interrupted('the receiver is ending'))
        for worker in self._workers:
            worker.join(END_SECONDS)

    def _on_end(self) -> None:
        self._positions.tell()
        self._jobs.ring()

    def stop(self) -> None:
        """Lets ``run`` return. May be called by a signal handler."""
        self._server.close()


def _open_runs(receiver: Receiver) -> Runs | None:
    if receiver.running is None:
        return None
    return Runs(receiver.running, partial(_stacks, receiver))


def _stacks(receiver: Receiver) -> list[str]:
    """Those of the apps that there are, and what new apps are built on."""
    journal = receiver.journal
    live = [journal.releases.live(app) for app in journal.apps.all()]
    return sorted({receiver.planner.stack.name, *(release.stack for release in live if release)})


def _tidy(receiver: Receiver) -> None:
    remove_images(receiver.journal, receiver.builder)
    if receiver.running:
        remove_run_images(receiver.journal, receiver.running)


def _open_registry(settings: Settings, receiver: Receiver) -> Any:
    """The registry, if there is to be one: only then is what speaks HTTP loaded."""
    if not settings.registry.listen and not settings.run.enabled:
        return None
    opened = import_module('gitreceive.daemon.registry').open_registry
    return opened(settings, receiver.retention, open_base_images(settings), receiver.own_registry)


def _answer(conversation: Conversation, answers: Answers, own: frozenset[int]) -> Answering:
    host = _user(conversation.peer) if conversation.peer in own else ''
    return answers.respond(conversation.fields, conversation, host)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f'uid {uid}'
