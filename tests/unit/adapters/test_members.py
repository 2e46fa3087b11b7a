"""Tar streams of any dialect become one form: that of GNU tar."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.adapters.slugfiles.archive import repacked
from gitreceive.adapters.slugfiles.compress import BLOCK, compress, whole_blocks
from gitreceive.adapters.slugfiles.members import REGULAR, Member, Members, inside, written
from gitreceive.adapters.slugfiles.overlay_child import TAR
from gitreceive.model.errors import SlugError
from gitreceive.model.slug import OWNER

NAMES = st.lists(
    st.text(
        st.characters(exclude_characters='/\0', exclude_categories=('Cs',)), min_size=1, max_size=90
    ).filter(lambda part: part not in ('.', '..')),
    min_size=1,
    max_size=5,
).map('/'.join)


def rewritten(raw: bytes, mtime: int | None = 7) -> bytes:
    return b''.join(repacked(io.BytesIO(raw).read, mtime, [], lambda: None))


def archive(members: list[tuple[tarfile.TarInfo, bytes]], form: int) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w', format=form) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = '', mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode, made.uid, made.uname, made.mtime = kind, link, mode, 1000, 'app', 99
    return made


APP = (member('app/', tarfile.DIRTYPE, mode=0o755), b'')


@given(NAMES, NAMES, st.binary(max_size=1500), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_every_name_link_and_content_survives_in_every_dialect(
    name: str, link: str, content: bytes, form: int
) -> None:
    raw = archive(
        [APP, (member(f'app/{name}'), content), (member('app/l', tarfile.SYMTYPE, link), b'')], form
    )
    with tarfile.open(fileobj=io.BytesIO(rewritten(raw))) as tar:
        app, file, symlink = tar
        assert (app.name, app.isdir()) == ('./app', True)
        read = tar.extractfile(file)
        assert read is not None
        assert (file.name, read.read()) == (f'./app/{name}', content)
        assert (symlink.linkname, symlink.issym()) == (link, True)
        assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in (app, file, symlink)} == {
            (OWNER, OWNER, '', '', 7)
        }


def test_the_result_is_what_gnu_tar_writes_byte_for_byte(tmp_path: Path) -> None:
    top = tmp_path / 'app'
    deep = top / ('d' * 120) / ('e' * 120) / ('f' * 60)
    deep.mkdir(parents=True)
    (deep / ('g' * 100)).write_bytes(b'x' * 700)
    os.link(deep / ('g' * 100), deep / 'hard')
    os.symlink('y' * 150, top / 'long link')
    os.symlink('/etc/passwd', top / 'outside')
    (top / 'exactly').mkdir()
    (top / 'exactly' / ('n' * (100 - len('./app/exactly/')))).write_bytes(b'')
    os.fsencode(top / 'latin')
    Path(os.fsdecode(os.fsencode(top) + b'/\xff\xfe\n')).write_bytes(b'1')
    (top / 'tool').write_bytes(b'#!')
    (top / 'tool').chmod(0o6755)
    names = sorted(f'./{path.relative_to(tmp_path)}' for path in [top, *top.rglob('*')])
    listed = b''.join(os.fsencode(name) + b'\0' for name in names)
    with tarfile.open(tmp_path / 'engine.tar', 'w', format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            tar.add(tmp_path / name, name.removeprefix('./'), recursive=False)
    gnu = subprocess.run(
        [*TAR, '--mtime=@7', '--files-from=-'], input=listed, cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    assert rewritten((tmp_path / 'engine.tar').read_bytes()) == gnu.stdout


def test_special_files_and_bits_are_left_out_and_named() -> None:
    raw = archive(
        [APP, (member('app/fifo', tarfile.FIFOTYPE), b''), (member('app/x', mode=0o7755), b'1')],
        tarfile.PAX_FORMAT,
    )
    left_out: list[str] = []
    kept = b''.join(repacked(io.BytesIO(raw).read, 7, left_out, lambda: None))
    with tarfile.open(fileobj=io.BytesIO(kept)) as tar:
        assert [(m.name, m.mode) for m in tar] == [('./app', 0o755), ('./app/x', 0o755)]
    assert left_out == ['app/fifo (a device, socket or pipe)', 'app/x (its setuid or setgid bit)']


@pytest.mark.parametrize('name', ['etc/passwd', 'app/../etc/passwd', '../app/x', 'apple/x'])
def test_a_member_outside_of_app_is_refused(name: str) -> None:
    raw = archive([APP, (member(name), b'')], tarfile.PAX_FORMAT)
    with pytest.raises(SlugError, match='outside'):
        rewritten(raw)


def test_a_hard_link_to_the_outside_is_refused() -> None:
    raw = archive([APP, (member('app/x', tarfile.LNKTYPE, '/etc/shadow'), b'')], tarfile.PAX_FORMAT)
    with pytest.raises(SlugError, match='hard link'):
        rewritten(raw)


def test_an_app_that_is_a_symlink_is_refused() -> None:
    with pytest.raises(SlugError, match='not a directory'):
        rewritten(archive([(member('app', tarfile.SYMTYPE, '/etc'), b'')], tarfile.PAX_FORMAT))


@pytest.mark.parametrize('cut', [100, 600, 1500])
def test_a_stream_that_ends_in_the_middle_is_an_error(cut: int) -> None:
    raw = archive([APP, (member('app/x'), b'x' * 5000)], tarfile.GNU_FORMAT)
    with pytest.raises(SlugError, match='ended in the middle'):
        rewritten(raw[:cut])


def test_a_damaged_header_is_an_error() -> None:
    raw = bytearray(archive([APP, (member('app/x'), b'x')], tarfile.GNU_FORMAT))
    raw[600] ^= 1
    with pytest.raises(SlugError, match='checksum'):
        rewritten(bytes(raw))


@given(st.binary(max_size=1200))
def test_random_bytes_are_an_error_or_an_empty_archive(raw: bytes) -> None:
    try:
        assert list(Members(io.BytesIO(raw).read)) == []
    except SlugError:
        pass


@pytest.mark.parametrize('size', [8**11 - 1, 8**11, 10**13])
def test_a_size_that_octal_digits_have_no_room_for_is_read_as_it_is_written(size: int) -> None:
    header = written(Member(name=b'app/huge', kind=REGULAR, size=size), 7)
    assert next(iter(Members(io.BytesIO(header).read))).size == size
    assert tarfile.TarInfo.frombuf(header, 'utf-8', 'strict').size == size


def test_inside_is_about_whole_components() -> None:
    assert inside(b'app', b'app')
    assert inside(b'app/..x', b'app')
    assert not inside(b'app/./x', b'app')
    assert not inside(b'app//x', b'app')


@given(st.lists(st.integers(0, 3 * BLOCK // 2), max_size=4))
def test_the_compressor_gets_whole_blocks_whatever_comes(sizes: list[int]) -> None:
    blocks = list(whole_blocks(bytes(size) for size in sizes))
    assert sum(map(len, blocks)) == sum(sizes)
    assert {len(block) for block in blocks[:-1]} <= {BLOCK}


def test_compression_does_not_depend_on_how_the_bytes_came() -> None:
    content = b''.join(b'%d line of text\n' % number for number in range(200_000))
    results = set()
    for size in (1000, 65536, BLOCK, len(content)):
        target = io.BytesIO()
        compress((content[at : at + size] for at in range(0, len(content), size)), target)
        results.add(target.getvalue())
    assert len(results) == 1
    unpacked = subprocess.run(['gzip', '-dc'], input=results.pop(), stdout=subprocess.PIPE, check=True)
    assert unpacked.stdout == content


def test_a_pax_header_that_is_none_is_an_error() -> None:
    raw = archive([APP], tarfile.GNU_FORMAT)[:512]
    meta = member('x', tarfile.XHDTYPE)
    meta.size = 11
    with pytest.raises(SlugError, match='damaged'):
        rewritten(raw + meta.tobuf(tarfile.USTAR_FORMAT) + b'0 path=app\n'.ljust(512, b'\0'))
