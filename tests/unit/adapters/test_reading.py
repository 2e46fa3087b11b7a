"""A slug is checked by reading all of it."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from gitreceive.adapters.slugfiles.reading import read_file, verify_slug
from gitreceive.model.errors import SlugError


def slug(folder: Path, *members: tuple[str, bytes, str, int], content: bytes = b'content') -> Path:
    """A slug file of (name, type, link, mode); the regular files hold ``content``."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w', format=tarfile.GNU_FORMAT) as tar:
        for name, kind, link, mode in (('./app', tarfile.DIRTYPE, '', 0o755), *members):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, link, mode
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(content))
    path = folder / 'slug.tgz'
    path.write_bytes(gzip.compress(written.getvalue(), mtime=0))
    return path


FILE = ('./app/file', tarfile.REGTYPE, '', 0o644)


def test_a_good_slug_is_counted(tmp_path: Path) -> None:
    path = slug(
        tmp_path,
        FILE,
        ('./app/hard', tarfile.LNKTYPE, './app/file', 0o644),
        ('./app/out', tarfile.SYMTYPE, '/etc', 0o777),
    )
    facts = verify_slug(path)
    assert (facts.files, facts.unpacked, facts.size) == (1, 7, path.stat().st_size)


@pytest.mark.parametrize(
    ('member', 'wrong'),
    [
        (('./etc/passwd', tarfile.REGTYPE, '', 0o644), 'outside'),
        (('./app/../x', tarfile.REGTYPE, '', 0o644), 'outside'),
        (('./app/null', tarfile.CHRTYPE, '', 0o644), 'neither'),
        (('./app/hard', tarfile.LNKTYPE, './etc/shadow', 0o644), 'hard link'),
        (('./app/setuid', tarfile.REGTYPE, '', 0o4755), 'setuid'),
    ],
)
def test_what_a_slug_may_not_hold_is_named(
    tmp_path: Path, member: tuple[str, bytes, str, int], wrong: str
) -> None:
    with pytest.raises(SlugError, match=wrong):
        verify_slug(slug(tmp_path, member))


def test_a_slug_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = slug(tmp_path, FILE)
    for size in (5, 60, path.stat().st_size - 1):
        path.write_bytes(slug(tmp_path, FILE).read_bytes()[:size])
        with pytest.raises(SlugError):
            verify_slug(path)


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = slug(tmp_path, FILE)
    raw = bytearray(path.read_bytes())
    raw[-6] ^= 1
    path.write_bytes(raw)
    with pytest.raises(SlugError, match='damaged'):
        verify_slug(path)


def test_what_hides_behind_the_end_is_noticed(tmp_path: Path) -> None:
    path = slug(tmp_path, FILE)
    path.write_bytes(path.read_bytes() + gzip.compress(b'more'))
    with pytest.raises(SlugError, match='behind its end'):
        verify_slug(path)


def test_facts_that_differ_are_told(tmp_path: Path) -> None:
    path = slug(tmp_path, FILE)
    path.with_suffix('.json').write_text(json.dumps({'sha256': 'f' * 64, 'size': 1}))
    with pytest.raises(SlugError, match='says ffff'):
        verify_slug(path)
    path.with_suffix('.json').write_text('not json')
    with pytest.raises(SlugError, match='cannot be read'):
        verify_slug(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlugError, match=r'none\.tgz'):
        verify_slug(tmp_path / 'none.tgz')
    with pytest.raises(SlugError, match=r'none\.tgz'):
        read_file(tmp_path / 'none.tgz', 'app/x', 10)


def test_one_small_file_can_be_read(tmp_path: Path) -> None:
    path = slug(tmp_path, ('./app/src/Procfile', tarfile.REGTYPE, '', 0o644), content=b'web: x')
    assert read_file(path, 'app/src/Procfile', 100) == b'web: x'
    assert read_file(path, 'app/src/Procfile', 3) is None
    assert read_file(path, 'app/src/other', 100) is None
