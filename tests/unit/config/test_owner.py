"""What root does for a daemon that is not root belongs to the daemon."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitreceive.cli.main import gitreceive
from gitreceive.config.owner import as_owner
from gitreceive.slugs.lock import keeping
from tests.chunk_cache import HELLO, chunk_cache

DAEMON = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root acts for others')


@pytest.fixture
def home() -> Iterator[Path]:
    """A receiver's, of a user who is not root; pytest's own directories are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix='gitreceive-test-'))
    try:
        folder.chmod(0o755)
        with chunk_cache(folder, keep=1) as kept:
            kept.release({'a': b'1'})
            kept.release({'a': b'2'})
        for place in (folder, *folder.rglob('*')):
            os.chown(place, DAEMON, DAEMON)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize('words', [['gc'], ['slug', 'verify'], ['gc', '--dry-run']])
def test_what_roots_commands_make_in_a_daemons_home_is_the_daemons(home: Path, words: list[str]) -> None:
    done = CliRunner().invoke(gitreceive, [*words, '--home', str(home)])
    assert done.exit_code == 0, done.output
    strangers = [str(place) for place in home.rglob('*') if place.stat().st_uid != DAEMON]
    assert strangers == []
    assert os.geteuid() == os.getegid() == 0
    with chunk_cache(home) as kept, as_owner(home), keeping(HELLO, kept.home):
        assert kept.home.slug_lock(HELLO).stat().st_uid == DAEMON


def test_it_is_root_again_whatever_happens(home: Path) -> None:
    groups = os.getgroups()
    with pytest.raises(ValueError, match='x'), as_owner(home):
        assert os.geteuid() == os.getegid() == DAEMON
        raise ValueError('x')
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)


def test_root_stays_root_at_its_own_and_where_nothing_is(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / 'none'):
        with as_owner(folder):
            assert os.geteuid() == 0
