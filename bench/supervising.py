"""The supervision of 1,000 apps, with a real journal and an engine in memory: what a pass takes when all is well."""

import logging
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

from bench.measure import Row
from bench.setting import Bench
from gitreceive.config.home import Home
from gitreceive.config.settings import RunSettings
from gitreceive.journal import Journal, open_journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.instance import Scale
from gitreceive.model.operation import redeploy
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.slug import StoredSlug
from gitreceive.run.parts import Running, put_together
from tests.fakes_run import FakeEngine
from tests.releases import release_of
from tests.running_receiver import fake_ports

APPS = 1000
PROCESSES = tuple(ProcessType(name=name, command=name) for name in ('web', 'worker'))
MOST_SECONDS = 1.0


def supervision(bench: Bench) -> Iterator[Row]:
    """A pass over apps of two instances each, and the first one of a new daemon. Remarks below the table."""
    logging.getLogger('gitreceive.run').setLevel(logging.ERROR)  # it tells of each instance that was missing
    home = Home(bench.place / 'supervision')
    with closing(open_journal(home)) as journal:
        _fill(journal)
        engine = FakeEngine()
        _running(journal, engine).supervision.look()
        running = _running(journal, engine)
        first = _timed(running)
        passes = [_timed(running) for _ in range(bench.sizes.runs)]
    took = statistics.median(passes)
    bench.remark(
        f'Supervision of {APPS:,} apps with {len(PROCESSES)} instances each, engine in memory: a pass takes '
        f'{took:.2f} s (limit {MOST_SECONDS:g} s), the first one of a new daemon {first:.2f} s.'
    )
    yield from ()


def _timed(running: Running) -> float:
    began = time.perf_counter()
    running.supervision.look()
    return time.perf_counter() - began


def _running(journal: Journal, engine: FakeEngine) -> Running:
    return put_together(
        fake_ports(engine),
        releases=journal.releases,
        apps=journal.running,
        known=journal.apps.all,
        settings=RunSettings(),
        told='bench',
        ask=lambda *about: '',
    )


def _fill(journal: Journal) -> None:
    request = redeploy(Commit('1' * 40), 'refs/heads/main')
    for number in range(APPS):
        app = AppName(f'app-{number}')
        journal.apps.add(app, 'refs/heads/main')
        journal.running.set_first_formation(app, {each.name: Scale(count=1) for each in PROCESSES})
        journal.operations.submit(app, request, Actor(name='bench'))
        operation = journal.operations.claim(retries=False)
        assert operation
        release = release_of(operation, StoredSlug(sha256='a' * 64, size=7), processes=PROCESSES)
        journal.releases.record(operation, release, {})
