"""What looking into a commit costs, and what is said of a repository that is damaged."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.build.sources.git import GitSource
from gitreceive.build.sources.lfs import POINTER, lfs_note
from gitreceive.model.errors import SourceError
from gitreceive.model.push import Commit


def run(folder: Path, *words: str) -> str:
    git = ['git', '-c', 'user.name=a', '-c', 'user.email=a@example.com', '-C', str(folder)]
    return subprocess.run([*git, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A commit with many files that may be pointers, and are none."""
    run(tmp_path, 'init', '-q')
    Path(tmp_path, '.gitattributes').write_text('*.bin filter=lfs\n')
    for number in range(200):
        Path(tmp_path, f'{number}.bin').write_bytes(b'%d' % number)
    Path(tmp_path, 'last.bin').write_bytes(POINTER)
    # No program of LFS has to be there to make the commit.
    run(tmp_path, '-c', 'filter.lfs.clean=cat', 'add', '-A')
    run(tmp_path, 'commit', '-q', '-m', 'files')
    return tmp_path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The programs that are started."""
    found: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: object, **options: object) -> None:
            super().__init__(*words, **options)  # type: ignore[call-overload]
            found.append(self)

    monkeypatch.setattr(subprocess, 'Popen', Noted)
    yield found
    for child in found:
        child.kill()
        child.wait()


def opened(repo: Path) -> GitSource:
    return GitSource(repo / '.git', Commit(run(repo, 'rev-parse', 'HEAD')))


def test_looking_for_lfs_pointers_starts_two_programs_and_ends_them(
    repo: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    with opened(repo) as source:
        before = len(started)
        assert 'last.bin' in (lfs_note(source) or '')
        assert len(started) - before == 2
    assert all(child.returncode is not None for child in started)


def test_a_source_that_was_closed_can_be_read_again_and_closed_again(repo: Path) -> None:
    source = opened(repo)
    for _ in range(2):
        with source:
            assert source.read('last.bin') == POINTER


def test_a_file_whose_content_is_gone_is_an_error(repo: Path) -> None:
    name = run(repo, 'rev-parse', 'HEAD:7.bin')
    Path(repo, '.git', 'objects', name[:2], name[2:]).unlink()
    with opened(repo) as source:
        with pytest.raises(SourceError, match=f'how large {name} in .* is'):
            source.read('7.bin')
        assert source.read('8.bin') == b'8'


def test_a_git_that_has_died_is_an_error(repo: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with opened(repo) as source:
        source.read('1.bin')
        started[-1].kill()
        started[-1].wait()
        with pytest.raises(SourceError, match='git cannot say how large'):
            source.read('2.bin')
