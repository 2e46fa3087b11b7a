"""Repositories are packed, and lose what nothing needs, but not at once and nothing that is needed."""

import os
import threading
import time
from pathlib import Path

import pytest

from gitreceive.model.errors import SourceError
from gitreceive.repositories.upkeep import MANY_PACKS, collect_repository, has_many_packs, repository_size
from tests.unit.repositories.served import Served

WEEKS = 21 * 24 * 3600


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def grow_old(served: Served) -> None:
    """Lets three weeks pass for objects and reflogs."""
    then = time.time() - WEEKS
    for path in (served.bare / 'objects').rglob('*'):
        os.utime(path, (then, then))
    for log in (path for path in (served.bare / 'logs').rglob('*') if path.is_file()):
        lines = log.read_text().splitlines()
        fields = (line.rpartition('> ') for line in lines)
        log.write_text(''.join(f'{who}> {int(then)} +0000\t{rest}\n' for who, _, rest in fields))


def test_what_no_ref_needs_is_removed_after_the_grace_period(served: Served) -> None:
    kept = served.change('kept', os.urandom(1_000_000))
    served.push('main')
    served.git('update-ref', 'refs/releases/v1', kept, at=served.bare)
    served.git('reset', '-q', '--hard', 'HEAD~1')
    lost = served.change('lost', os.urandom(2_000_000))
    served.push('--force', 'main')
    served.git('reset', '-q', '--hard', 'HEAD~1')
    served.push('--force', 'main')
    assert collect_repository(served.bare) < 1_000_000
    served.git('cat-file', '-e', lost, at=served.bare)
    grow_old(served)
    assert collect_repository(served.bare) > 1_900_000
    assert served.git('cat-file', '-e', lost, at=served.bare, fails=True).status
    served.git('fsck', '--strict', at=served.bare)
    served.git('archive', kept, at=served.bare)


def test_many_packs_become_one(served: Served) -> None:
    for number in range(MANY_PACKS + 1):
        assert not has_many_packs(served.bare)
        served.change('file', b'%d' % number)
        served.push('main')
    assert has_many_packs(served.bare)
    before = repository_size(served.bare)
    freed = collect_repository(served.bare)
    assert freed == before - repository_size(served.bare) > 0
    assert not has_many_packs(served.bare)


def test_pushes_go_on_while_a_repository_is_collected(served: Served) -> None:
    served.push('main')
    over = threading.Event()
    failed: list[SourceError] = []

    def collect() -> None:
        while not over.is_set():
            try:
                collect_repository(served.bare)
            except SourceError as error:
                failed.append(error)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        for number in range(15):
            served.change('file', os.urandom(1000) + b'%d' % number)
            pushed = served.push('main', f'main:refs/heads/b{number}')
            assert pushed.status == 0, pushed.err
    finally:
        over.set()
        thread.join()
    assert not failed
    served.git('fsck', '--strict', at=served.bare)
    assert len(served.refs()) == 16


def test_a_repository_that_cannot_be_collected_is_an_error_with_gits_words(served: Served) -> None:
    (served.bare / 'packed-refs').write_text('nonsense\n')
    with pytest.raises(SourceError, match=r'git gc of .* failed: .*packed-refs'):
        collect_repository(served.bare)
