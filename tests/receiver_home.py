"""A receiver's home with a journal, a queue and repositories of real git, without a daemon or an engine."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.follow import Follower
from gitreceive.daemon.log import Logs
from gitreceive.daemon.positions import Positions
from gitreceive.daemon.queue import Queue
from gitreceive.journal import Journal, open_journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Deploy, Operation, OperationRequest
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.model.task import Task
from gitreceive.repositories import ensure_repository, git, move_ref
from gitreceive.wiring.receiver import Handler, Receiver
from tests.releases import release_of

HELLO = AppName('hello')
ANN = Actor(name='ann', key='SHA256:k')
MAIN = 'refs/heads/main'


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverHome:
    """The parts of it."""

    home: Home
    journal: Journal
    logs: Logs
    queue: Queue
    engine: list[bool]
    """Its last item says whether the engine answers."""

    handlers: dict[type[OperationRequest], Handler] = field(default_factory=dict)

    @property
    def follower(self) -> Follower:
        """Follows its operations."""
        settings = Settings(home=self.home.root)
        return Follower(self.journal, self.queue, self.logs, self.home, settings, _url)

    @property
    def receiver(self) -> Receiver:
        """As far as it is there; tests put in what carries operations out."""
        parts = {'journal': self.journal, 'home': self.home, 'handlers': self.handlers}
        return cast(Receiver, SimpleNamespace(**parts))

    @property
    def positions(self) -> Positions:
        """With two builds at once."""
        return Positions(self.journal, self.logs, 2)

    def commit(self, app: AppName = HELLO) -> Commit:
        """A new commit in the app's repository, without a ref."""
        repo = self.home.repo(app)
        ensure_repository(repo)
        self.journal.apps.add(app, MAIN)
        tree = git(repo, 'hash-object', '-t', 'tree', '-w', '--stdin').stdout.decode().strip()
        text = f'number {len(list(repo.rglob("*")))}'
        who = ('-c', 'user.name=ann', '-c', 'user.email=ann@example.test')
        made = git(repo, *who, 'commit-tree', tree, '-m', text)
        return Commit(made.stdout.decode().strip())

    def update(self, new: Commit, old: Commit = NO_COMMIT) -> Deploy:
        """A push of the deploy branch."""
        return Deploy(update=RefUpdate(old=old, new=new, ref=MAIN))

    def move(self, deploy: Deploy, app: AppName = HELLO) -> None:
        """What git does after pre-receive."""
        assert move_ref(self.home.repo(app), MAIN, new=deploy.commit, expected=deploy.update.old)

    def log(self, operation: Operation) -> str:
        """What its log says."""
        path = self.home.log(operation.number)
        return path.read_text() if path.exists() else ''

    def state(self, number: int) -> tuple[str, str]:
        """State and cause of an operation."""
        found = self.journal.operations.get(number)
        assert found
        return found.state.value, found.cause

    def record(self, operation: Operation) -> Release:
        """Lets a running operation succeed."""
        slug = StoredSlug(sha256=operation.commit + '0' * 24, size=7)
        release = release_of(operation, slug, created=(operation.started or 0.0) + 1.25)
        return self.journal.releases.record(operation, release, {})


def _url(release: Release) -> str:
    return f'memory:/{release.app}/{release.slug.sha256}.tgz'


@contextmanager
def receiver_home(folder: Path, seconds: float = 60) -> Iterator[ReceiverHome]:
    """One that is closed again."""
    home, engine = Home(folder), [True]
    with closing(open_journal(home)) as journal:
        logs = Logs(home, 1_000_000)
        queue = Queue(journal, logs, lambda: engine[-1], seconds)
        yield ReceiverHome(home=home, journal=journal, logs=logs, queue=queue, engine=engine)
        queue.close()


def run_until_stopped(task: Task, started: threading.Event) -> None:
    """A deploy that never ends by itself."""
    stopped = threading.Event()
    with task.cancellation.call_on_stop(stopped.set):
        started.set()
        stopped.wait(20)
    task.cancellation.check()
