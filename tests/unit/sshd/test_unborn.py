"""A repository that a session has made goes with it, unless something was pushed."""

import subprocess
import threading
from pathlib import Path

import pytest

from gitreceive.model.errors import StateError
from gitreceive.repositories import ensure_repository
from gitreceive.repositories.bare import UNBORN
from gitreceive.sshd.unborn import repository_for, sweep_unborn

KEY = 'SHA256:k'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'repos' / 'hello.git'


def move(path: Path) -> None:
    """What a push does."""
    tree = git(path, 'hash-object', '-t', 'tree', '-w', '--stdin')
    commit = git(path, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', tree, '-m', 'x')
    git(path, 'update-ref', 'refs/heads/main', commit)


def git(path: Path, *words: str) -> str:
    done = subprocess.run(['git', '-C', path, *words], input=b'', capture_output=True, check=True)
    return done.stdout.decode().strip()


def left(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.glob('*')) + [each.name for each in path.glob('unborn')]


def test_it_goes_when_nothing_was_pushed(path: Path) -> None:
    with repository_for(path, KEY, create=True) as exists:
        assert exists and (path / 'HEAD').exists()
    assert left(path) == []


def test_it_stays_when_something_was_pushed(path: Path) -> None:
    with repository_for(path, KEY, create=True):
        move(path)
    assert left(path) == ['hello.git']
    with repository_for(path, KEY, create=True) as exists:
        assert exists
    assert left(path) == ['hello.git']


def test_it_stays_when_pre_receive_has_accepted_a_push_that_failed_later(path: Path) -> None:
    with repository_for(path, KEY, create=True):
        (path / 'unborn').unlink()
    assert left(path) == ['hello.git']


def test_the_last_session_decides(path: Path) -> None:
    with repository_for(path, KEY, create=True):
        with repository_for(path, KEY, create=True), repository_for(path, KEY, create=False) as exists:
            assert exists
        assert (path / 'HEAD').exists(), 'another session is on it'
        move(path)
    assert left(path) == ['hello.git']


def test_nothing_is_made_by_who_may_not(path: Path) -> None:
    with repository_for(path, KEY, create=False) as exists:
        assert not exists
    assert left(path) == []


def test_what_the_sysadmin_has_made_stays(path: Path) -> None:
    ensure_repository(path)
    with repository_for(path, KEY, create=True) as exists:
        assert exists
    assert left(path) == ['hello.git']


def test_what_a_killed_server_has_left_is_removed_unless_something_was_pushed(path: Path) -> None:
    other = path.with_name('other.git')
    for each in (path, other):
        ensure_repository(each, UNBORN, KEY)
    move(other)
    with repository_for(path, KEY, create=True):
        sweep_unborn(path.parent)
        assert path.exists(), 'a session is on it'
    ensure_repository(path, UNBORN, KEY)
    sweep_unborn(path.parent)
    assert left(path) == ['other.git']
    assert not (other / 'unborn').exists()


def test_a_directory_that_is_no_repository_is_an_error(path: Path) -> None:
    (path / 'something').mkdir(parents=True)
    with pytest.raises(StateError), repository_for(path, KEY, create=True):
        pass
    assert left(path) == ['hello.git']


def test_many_sessions_at_once_make_one_repository_and_remove_it_once(path: Path) -> None:
    found: list[bool] = []

    def session() -> None:
        for _ in range(10):
            with repository_for(path, KEY, create=True) as exists:
                found.append(exists and (path / 'HEAD').exists())

    threads = [threading.Thread(target=session) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 60
    assert left(path) == []
