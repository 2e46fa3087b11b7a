"""A home of an earlier version gets the names of today."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.upgrade import FORMER_NAMES, upgrade_home
from gitreceive.model.errors import StateError


@pytest.fixture
def former(tmp_path: Path) -> Home:
    """What version 0.1.0 made."""
    for name in ('door', 'run', 'builder/logs', 'builder/shelf', 'builder/members', 'builder/far/mirrors'):
        (tmp_path / name).mkdir(parents=True)
    for name in ('door/ssh_host_ed25519_key', 'builder/history.db', 'builder/logs/1.log'):
        (tmp_path / name).write_text(name)
    (tmp_path / 'builder/far/mirrors/note').write_text('note')
    return Home(tmp_path)


def everything(home: Home) -> set[str]:
    return {str(path.relative_to(home.root)) for path in home.root.rglob('*') if path.is_file()}


TODAY = {
    'sshd/ssh_host_ed25519_key',
    'daemon/history.db',
    'daemon/logs/1.log',
    'daemon/remotes/mirrors/note',
}


def test_every_former_directory_is_renamed_and_nothing_is_lost(former: Home) -> None:
    assert upgrade_home(former)
    assert everything(former) == TODAY
    assert former.host_key.is_file() and former.history_db.is_file() and former.log(1).is_file()
    assert former.remotes.is_dir() and former.chunk_cache.is_dir() and former.chunks.is_dir()
    assert not (former.root / 'builder').exists() and not (former.root / 'door').exists()
    assert not upgrade_home(former)


@pytest.mark.parametrize('done', range(len(FORMER_NAMES)))
def test_an_interrupted_renaming_goes_on(former: Home, done: int) -> None:
    for old, new in FORMER_NAMES[:done]:
        (former.root / old).rename(former.root / new)
    assert upgrade_home(former)
    assert everything(former) == TODAY


def test_an_empty_directory_with_todays_name_is_no_obstacle(former: Home) -> None:
    former.daemon.mkdir()
    upgrade_home(former)
    assert everything(former) == TODAY


def test_two_directories_with_content_are_left_to_the_sysadmin(former: Home) -> None:
    former.daemon.mkdir()
    (former.daemon / 'journal.db').write_text('newer')
    with pytest.raises(StateError, match=r'both .*builder and .*daemon exist: move what is needed'):
        upgrade_home(former)
    assert (former.root / 'builder/history.db').is_file() and former.journal_db.read_text() == 'newer'


def test_nothing_is_renamed_while_the_earlier_version_runs(former: Home) -> None:
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(former.root / 'run/builder.sock'))
        daemon.listen()
        with pytest.raises(StateError, match=r'an earlier version runs on .*: end it before'):
            upgrade_home(former)
    assert (former.root / 'door').is_dir()
    assert upgrade_home(former)
    assert not (former.root / 'run/builder.sock').exists()


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert not upgrade_home(Home(tmp_path / 'none'))
    assert not (tmp_path / 'none').exists()


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_who_may_not_rename_is_told_the_command() -> None:
    with tempfile.TemporaryDirectory() as folder:  # the directories above tmp_path are root's alone
        os.chmod(folder, 0o755)
        (Path(folder) / 'door').mkdir()
        os.seteuid(65534)
        try:
            with pytest.raises(StateError, match=r'cannot rename it \(Permission denied\): .* run "mv .*'):
                upgrade_home(Home(Path(folder)))
        finally:
            os.seteuid(0)
