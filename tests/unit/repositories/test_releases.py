"""What a kept release was built from stays in the repository."""

import subprocess
from pathlib import Path

import pytest

from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.errors import SourceError
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.repositories import (
    ensure_repository,
    fetch_commit,
    git,
    keep_commit,
    keep_only,
    move_ref,
    read_ref,
    serve_command,
)
from tests.receiver_home import HELLO, MAIN, ReceiverHome, receiver_home


@pytest.fixture
def here(tmp_path: Path):
    with receiver_home(tmp_path / 'home') as made:
        yield made


def exists(repo: Path, commit: Commit) -> bool:
    return git(repo, 'cat-file', '-e', commit).returncode == 0


def test_gc_prunes_nothing_that_a_kept_release_needs(here: ReceiverHome) -> None:
    first, second, third = (here.commit() for _ in range(3))
    repo = here.home.repo(HELLO)
    keep_commit(repo, 1, first)
    keep_commit(repo, 2, second)
    move_ref(repo, MAIN, new=third, expected=NO_COMMIT)
    keep_only(repo, lambda: {2: second, 3: third})
    git(repo, 'reflog', 'expire', '--expire=now', '--all')
    assert git(repo, 'gc', '--quiet', '--prune=now').returncode == 0
    assert [exists(repo, commit) for commit in (first, second, third)] == [False, True, True]
    assert read_ref(repo, 'refs/releases/v3') == third
    assert read_ref(repo, 'refs/releases/v1') == NO_COMMIT


def test_a_release_that_is_made_meanwhile_keeps_its_commit(here: ReceiverHome) -> None:
    first, second = here.commit(), here.commit()
    repo = here.home.repo(HELLO)

    def kept() -> dict[int, Commit]:
        keep_commit(repo, 2, second)
        return {1: first}

    keep_only(repo, kept)
    assert read_ref(repo, 'refs/releases/v2') == second


@pytest.mark.parametrize('verb, told', [('git-receive-pack', False), ('git-upload-pack', True)])
def test_pushes_do_not_see_it_and_fetches_do(here: ReceiverHome, verb: str, told: bool) -> None:
    commit = here.commit()
    repo = here.home.repo(HELLO)
    keep_commit(repo, 1, commit)
    words = serve_command(verb, repo, Limits())
    done = subprocess.run(words, input=b'0000', capture_output=True)
    assert (b'refs/releases/v1' in done.stdout) is told


def test_a_repository_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='cannot list the refs'):
        keep_only(tmp_path, dict)


def test_the_commit_of_a_release_is_brought_into_another_repository(here: ReceiverHome) -> None:
    commit, other = here.commit(), AppName('other')
    repo, target = here.home.repo(HELLO), here.home.repo(other)
    ensure_repository(target)
    with pytest.raises(SourceError, match=r'the commit .* of v1 is not in .*hello\.git'):
        fetch_commit(repo, 1, commit, target)
    keep_commit(repo, 1, commit)
    fetch_commit(repo, 1, commit, target)
    assert exists(target, commit)
    keep_commit(target, 7, commit)
    assert read_ref(target, 'refs/releases/v7') == commit
