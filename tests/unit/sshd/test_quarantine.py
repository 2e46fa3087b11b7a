"""What is removed of pushes that nobody finished, and what is not."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gitreceive.repositories.sessionhooks import session_hooks
from gitreceive.sshd.quarantine import sweep, tidy, unlock


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep looks again in no time."""
    monkeypatch.setattr('gitreceive.sshd.quarantine.PAUSE_SECONDS', 0.02)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with an unfinished push in it."""
    repository = tmp_path / 'hello.git'
    pack = repository / 'objects' / 'tmp_objdir-incoming-AbC123' / 'pack'
    pack.mkdir(parents=True)
    pack.joinpath('tmp_pack_1').write_bytes(b'half a pack')
    repository.joinpath('objects', 'ab').mkdir()
    return repository


@contextmanager
def at_work_in(repository: Path) -> Iterator['subprocess.Popen[bytes]']:
    with subprocess.Popen(['sleep', '60'], cwd=repository) as process:
        try:
            yield process
        finally:
            process.kill()


def left_in(repository: Path) -> list[str]:
    return sorted(path.name for path in repository.joinpath('objects').iterdir())


def test_what_no_process_works_on_is_removed_and_nothing_else(repository: Path) -> None:
    assert tidy(repository)
    assert left_in(repository) == ['ab']


def test_a_push_that_still_runs_keeps_its_objects(repository: Path) -> None:
    with at_work_in(repository):
        assert not tidy(repository)
    assert left_in(repository) == ['ab', 'tmp_objdir-incoming-AbC123']


def test_a_sweep_waits_for_the_gits_that_are_still_there(repository: Path) -> None:
    sweeping = threading.Thread(target=sweep, args=(repository.parent,), daemon=True)
    with at_work_in(repository):
        sweeping.start()
        sweeping.join(0.2)
        assert sweeping.is_alive()
        assert left_in(repository) == ['ab', 'tmp_objdir-incoming-AbC123']
    sweeping.join(10.0)
    assert not sweeping.is_alive()
    assert left_in(repository) == ['ab']


def test_a_repository_without_objects_has_nothing_to_tidy(tmp_path: Path) -> None:
    assert tidy(tmp_path / 'gone.git')


def test_a_sweep_removes_the_hooks_of_sessions_that_were_killed_and_of_no_others(repository: Path) -> None:
    killed = repository / 'session-hooks-of-a-killed-one'
    killed.mkdir()
    sweeping = threading.Thread(target=sweep, args=(repository.parent,), daemon=True)
    with session_hooks(repository) as hooks:
        sweeping.start()
        sweeping.join(0.2)
        assert sweeping.is_alive()
        assert hooks.is_dir()
        assert not killed.exists()
    sweeping.join(10.0)
    assert not sweeping.is_alive()


def test_a_sweep_keeps_the_hooks_of_a_git_that_outlives_its_server(repository: Path) -> None:
    killed = repository / 'session-hooks-of-a-killed-one'
    killed.mkdir()
    sweeping = threading.Thread(target=sweep, args=(repository.parent,), daemon=True)
    with at_work_in(repository):
        sweeping.start()
        sweeping.join(0.2)
        assert killed.is_dir()
    sweeping.join(10.0)
    assert not killed.exists()


@pytest.mark.parametrize(
    'name', ['HEAD.lock', 'packed-refs.lock', 'refs/heads/main.lock', 'refs/heads/a/b.lock']
)
def test_the_locks_that_a_killed_git_has_left_are_removed_and_those_of_others_are_not(
    repository: Path, name: str
) -> None:
    lock, ref = repository / name, repository / 'refs' / 'heads' / 'lock'
    for path in (lock, ref):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with at_work_in(repository):
        unlock(repository)
        assert lock.exists()
    unlock(repository)
    assert not lock.exists()
    assert ref.exists()


def test_a_sweep_removes_locks(repository: Path) -> None:
    (repository / 'HEAD.lock').touch()
    sweep(repository.parent)
    assert not (repository / 'HEAD.lock').exists()
