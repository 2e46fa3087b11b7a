"""Whoever pushes, rolls back and cancels at once: each operation has one end, and an app runs one at a time."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from gitreceive.daemon.branch import set_back
from gitreceive.daemon.worker import Worker
from gitreceive.model.app import AppName
from gitreceive.model.errors import BuildError
from gitreceive.model.operation import Deploy, OperationRequest, Rollback, redeploy
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.repositories import read_ref
from tests.receiver_home import ANN, MAIN, ReceiverHome

APPS = [AppName(f'app-{number}') for number in range(3)]


class Working:
    """Carries operations out, and notes how many of an app run at once."""

    def __init__(self, here: ReceiverHome) -> None:
        self._here, self._lock = here, threading.Lock()
        self._running: Counter[str] = Counter()
        self.most = 0

    def __call__(self, task: Task) -> Release:
        with self._lock:
            self._running[task.app] += 1
            self.most = max(self.most, self._running[task.app])
        try:
            stopped = threading.Event()
            with task.cancellation.call_on_stop(stopped.set):
                stopped.wait(random.random() / 100)
            task.cancellation.check()
            if random.random() < 0.1:
                raise BuildError('failed in "make"')
            return self._here.record(task.operation)
        finally:
            with self._lock:
                self._running[task.app] -= 1


class Person:
    """Submits operations, and cancels half of them; ``seen`` is what was told of those."""

    def __init__(self, here: ReceiverHome, commits: Mapping[AppName, Sequence[Commit]], seed: int) -> None:
        self._here, self._commits, self._dice = here, commits, random.Random(seed)
        self.seen: dict[int, str] = {}

    def act(self) -> None:
        for _ in range(25):
            app = self._dice.choice(APPS)
            operation = self._here.queue.submit(app, self._request(app), ANN)
            time.sleep(self._dice.random() / 200)
            if self._dice.random() < 0.5:
                back = partial(set_back, operation, self._here.journal, self._here.home)
                self._here.queue.cancel(operation, 'cancelled by ann', back)
                self.seen[operation.number] = self._here.follower.finished(operation.number).state

    def _request(self, app: AppName) -> OperationRequest:
        commit = self._dice.choice(self._commits[app])
        if self._dice.random() < 0.7:
            return redeploy(commit, MAIN)
        return Rollback(version=1, commit=commit)


@contextmanager
def working(here: ReceiverHome) -> Iterator[Working]:
    """With two workers for builds and one for the rest; ends when nothing is left to do."""
    handler = Working(here)
    here.handlers.update({Deploy: handler, Rollback: handler})
    parts = (here.queue, here.receiver, here.logs, here.queue.ring)
    workers = [Worker(*parts, builds=builds) for builds in (True, True, False)]
    for worker in workers:
        worker.start()
    yield handler
    deadline = time.monotonic() + 60
    while here.journal.operations.active() and time.monotonic() < deadline:
        time.sleep(0.02)
    here.queue.close()
    for worker in workers:
        worker.join(10)


def test_each_operation_has_one_end_and_an_app_runs_one_at_a_time(here: ReceiverHome) -> None:
    commits = {app: [here.commit(app) for _ in range(2)] for app in APPS}
    people = [Person(here, commits, seed) for seed in range(4)]
    threads = [threading.Thread(target=person.act) for person in people]
    with working(here) as handler:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    ended = here.journal.operations.of(None, -1)
    assert len(ended) == 100 and all(each.state.final for each in ended)
    for person in people:
        assert {number: here.state(number)[0] for number in person.seen} == person.seen
    assert handler.most == 1
    for app in APPS:
        live = here.journal.releases.live(app)
        assert read_ref(here.home.repo(app), MAIN) == (live.commit if live else NO_COMMIT)
