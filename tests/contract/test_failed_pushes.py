"""A push of a commit that failed before sends what is new in it, and nothing else."""

import os
from pathlib import Path

import pytest

from gitreceive.build.sources.git import GitSource
from gitreceive.model.push import NO_COMMIT, parse_commit
from gitreceive.repositories import move_ref
from gitreceive.repositories.failed import forget_failed, remember_failed
from tests.unit.repositories.served import Served

MAIN = 'refs/heads/main'


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def packs(served: Served) -> int:
    return sum(path.stat().st_size for path in (served.bare / 'objects').rglob('*.pack'))


def fail(served: Served) -> str:
    """Pushes, and does what the daemon does when the build fails."""
    pushed = served.push('main')
    assert pushed.status == 0, pushed.err
    commit = parse_commit(served.refs()[MAIN])
    assert move_ref(served.bare, MAIN, new=NO_COMMIT, expected=commit)
    remember_failed(served.bare, commit)
    return commit


def test_fixes_of_a_large_app_that_failed_are_small(served: Served) -> None:
    served.change('large', os.urandom(8_000_000))
    fail(served)
    first = packs(served)
    assert first > 8_000_000
    for number in range(4):
        served.change('fix', b'%d' % number)
        fail(served)
    assert packs(served) - first < 10_000
    assert served.push('main').status == 0
    assert served.refs()['refs/failed/last'] == served.refs()[MAIN]


def test_what_failed_is_not_seen_by_those_who_clone_or_push(served: Served, tmp_path: Path) -> None:
    commit = fail(served)
    reading = ('--upload-pack', str(served.programs['upload-pack']), str(served.bare))
    assert served.git('ls-remote', *reading).out == ''
    pushed = served.push('--mirror')
    assert pushed.status == 0, pushed.err
    assert served.refs() == {MAIN: commit, 'refs/failed/last': commit}


def test_somebody_who_does_not_have_what_failed_can_push(served: Served, tmp_path: Path) -> None:
    fail(served)
    other = tmp_path / 'other'
    served.git('init', '-q', '-b', 'main', str(other))
    served.git('commit', '-q', '--allow-empty', '-m', 'unrelated', at=other)
    assert served.push('main', at=other).status == 0


def test_after_a_success_nothing_is_left_of_the_failure(served: Served) -> None:
    fail(served)
    assert served.push('main').status == 0
    forget_failed(served.bare)
    forget_failed(served.bare)
    assert set(served.refs()) == {MAIN}
    assert not (served.bare / 'objects' / 'info' / 'alternates').exists()
    served.git('fsck', '--strict', at=served.bare)


def test_what_failed_can_be_read_and_survives_a_collection(served: Served) -> None:
    commit = fail(served)
    served.git('-c', 'gc.reflogExpire=now', 'gc', '-q', '--prune=now', at=served.bare)
    with GitSource(served.bare, parse_commit(commit)) as source:
        assert source.read('Procfile') == b'web: cat\n'
