"""A disk without room, or without inodes, when a journal of before is brought forward: nothing is lost, and it is said."""

import os
import shutil
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.journal import open_journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import StateError
from tests.contract.test_journal_upgrading import check_whole as check_upgraded
from tests.contract.test_journal_upgrading import former as made_by_schema_3
from tests.dying import in_child
from tests.former_home import FormerHome
from tests.small_disk import filled, mount_small, without_inodes

Filling = Callable[[Path], AbstractContextManager[None]]

FILLINGS = [
    *(
        pytest.param(partial(filled, room=pages * 4096), id=f'{pages}-pages')
        for pages in (0, 1, 4, 9, 20, 40)
    ),
    *(pytest.param(partial(without_inodes, left=left), id=f'{left}-inodes') for left in (0, 1, 2, 3, 4)),
]


@pytest.fixture(scope='module')
def history(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of the version before operations."""
    return FormerHome(tmp_path_factory.mktemp('history') / 'home').home


@pytest.fixture(scope='module')
def schema_3(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of the version whose config vars were not encrypted."""
    return made_by_schema_3(Home(tmp_path_factory.mktemp('schema-3') / 'home'))


def content(home: Home) -> dict[str, list[str]]:
    """All that the databases hold, read from a copy: reading writes beside a file."""
    copy = Path('/dev/shm') / f'full-disk-{os.getpid()}'
    shutil.copytree(home.daemon, copy)
    try:
        found = {}
        for path in sorted(copy.glob('*.db')):
            with closing(sqlite3.connect(path)) as db:
                found[path.name] = list(db.iterdump())
        return found
    finally:
        shutil.rmtree(copy)


def start_on_full_disk(source: Home, disk: Path, filling: Filling, check: Callable[[Home], None]) -> None:
    """Starts once without room and once with; for a process of its own."""
    mount_small(disk)
    home = Home(disk / 'home')
    shutil.copytree(source.root, home.root)
    before = content(home)
    with filling(disk):
        try:
            open_journal(home).close()
        except StateError as error:
            assert 'start again when that is mended' in str(error), error
            assert before.items() <= content(home).items()
    check(home)


def check_migrated(home: Home) -> None:
    with closing(open_journal(home)) as journal:
        journal.check()
        live = journal.releases.live(AppName('hello'))
        assert live
        assert len(journal.releases.of(AppName('hello'), -1)) == live.version
    assert home.history_db.exists()


def passes(work: Callable[[], None]) -> bool:
    """Whether it ends well in a process of its own; a failure is told."""

    def told() -> None:
        try:
            work()
        except PermissionError:
            os._exit(77)
        except (AssertionError, OSError, sqlite3.Error, StateError):
            traceback.print_exc()
            os._exit(1)

    status = in_child(told)
    if status == 77:
        pytest.skip('only root mounts a small disk')
    return status == 0


@pytest.mark.parametrize('filling', FILLINGS)
def test_a_history_is_migrated_on_a_full_disk_or_stays(
    history: Home, tmp_path: Path, filling: Filling
) -> None:
    assert passes(lambda: start_on_full_disk(history, tmp_path, filling, check_migrated))


@pytest.mark.parametrize('filling', FILLINGS)
def test_a_journal_is_upgraded_on_a_full_disk_or_stays(
    schema_3: Home, tmp_path: Path, filling: Filling
) -> None:
    assert passes(lambda: start_on_full_disk(schema_3, tmp_path, filling, check_upgraded))
