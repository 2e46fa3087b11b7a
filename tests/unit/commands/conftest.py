"""A receiver's home and journal, with an app that has something to show."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Deploy, Operation, OperationRequest
from gitreceive.model.process import ProcessType
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.repositories import ensure_repository
from tests.releases import release_of

SYSADMIN = Actor(name='root')
ANN = Actor(name='ann', key='SHA256:ann')
BOB = Actor(name='bob', key='SHA256:bob', apps=frozenset({'hello'}))
EVE = Actor(name='eve', key='SHA256:eve', apps=frozenset({'other'}))
HELLO, OTHER = AppName('hello'), AppName('other')
MAIN = 'refs/heads/main'


@dataclass
class Receiver:
    """What use cases work on; ``submitted`` are the operations that they asked for."""

    home: Home
    journal: Journal
    submitted: list[Operation] = field(default_factory=list)

    def submit(self, app: AppName, request: OperationRequest, actor: Actor) -> Operation:
        """Journals an operation."""
        self.submitted.append(self.journal.operations.submit(app, request, actor))
        return self.submitted[-1]

    def app(self, name: AppName = HELLO) -> AppName:
        """An app with a repository."""
        ensure_repository(self.home.repo(name))
        return name

    def push(self, app: AppName = HELLO, number: int = 1) -> Operation:
        """A push that waits."""
        self.app(app)
        self.journal.apps.add(app, MAIN)
        update = RefUpdate(old=NO_COMMIT, new=Commit(f'{number:040x}'), ref=MAIN)
        return self.journal.operations.submit(app, Deploy(update=update), ANN)

    def release(self, app: AppName = HELLO, number: int = 1) -> Release:
        """A push that was released."""
        self.push(app, number)
        operation = self.journal.operations.claim(builds=True, retries=False)
        assert operation
        release = release_of(
            operation,
            StoredSlug(sha256=f'{number:064x}', size=31_200_000),
            processes=(ProcessType(name='web', command='node server.js'),),
            versions={'Node.js': '22.11.0'},
            created=1_800_000_000.0,
        )
        return self.journal.releases.record(operation, release, {})


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """An empty one."""
    home = Home(tmp_path)
    journal = Journal(home.journal_db)
    yield Receiver(home=home, journal=journal)
    journal.close()


def giving(data: bytes) -> Callable[[int], bytes]:
    """Standard input."""
    return lambda limit: data[: limit + 1]
