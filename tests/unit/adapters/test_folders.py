"""A slug in parts by directories, from a tar stream whose layers nobody knows."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import pytest
from isal import igzip

from gitreceive.adapters.slugfiles import folders
from gitreceive.adapters.slugfiles.archive import repacked
from gitreceive.adapters.slugfiles.compress import compress
from gitreceive.adapters.slugfiles.folders import split_by_folders
from gitreceive.adapters.slugfiles.groups import LEAST, STEP_TIME
from gitreceive.model.cancellation import BuildClock
from gitreceive.slugs.ports import SlugPart
from tests.packing import stands_alone

MTIME = 1_700_000_000
LARGE = bytes(LEAST)
Files = Mapping[str, bytes | str]
APP: Files = {
    'app/.profile.d/node.sh': b'x',
    'app/heroku/node': LARGE,
    'app/heroku/versions': b'node 22',
    'app/src/a.js': b'a',
    'app/src/node_modules/a/index.js': LARGE,
    'app/src/node_modules/b/index.js': b'b',
    'app/src/z.js': b'z',
}


def stream(files: Files) -> bytes:
    """As an engine writes it; a ``str`` makes a hard link."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode='w') as tar:
        made = set[str]()
        for name, content in files.items():
            parts = name.split('/')
            for folder in ('/'.join(parts[:count]) for count in range(1, len(parts))):
                if folder not in made:
                    made.add(folder)
                    entry = tarfile.TarInfo(f'{folder}/')
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(entry)
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.LNKTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def split(files: Files, mtime: int = MTIME) -> list[SlugPart]:
    raw = stream(files)

    @contextmanager
    def opening() -> Iterator[IO[bytes]]:
        yield io.BytesIO(raw)

    return list(split_by_folders(opening, mtime, BuildClock(60)))


def packed(part: SlugPart) -> bytes:
    target = io.BytesIO()
    part.pack(target, BuildClock(60))
    return target.getvalue()


def entries(parts: list[SlugPart]) -> dict[str, tarfile.TarInfo]:
    """What any tar finds in all of them in a row."""
    with tarfile.open(fileobj=io.BytesIO(b''.join(map(packed, parts)))) as tar:
        found = [(member.name.removeprefix('./'), member) for member in tar]
    files = [name for name, member in found if not member.isdir()]
    assert len(files) == len(set(files)), 'no file is there twice'
    return dict(found)


def whole(files: Files) -> bytes:
    """All in one part."""
    target = io.BytesIO()
    compress(repacked(io.BytesIO(stream(files)).read, MTIME, [], lambda: None), target)
    return target.getvalue()


def test_each_large_directory_of_dependencies_is_a_part_and_all_together_are_the_app() -> None:
    parts = split(APP)
    assert len(parts) == 3
    found = entries(parts)
    assert {name: entry.size for name, entry in found.items() if entry.isfile()} == {
        name: len(content) for name, content in APP.items()
    }
    early = {name for name, entry in found.items() if entry.mtime == STEP_TIME}
    assert early == {name for name in found if name.startswith(('app/heroku', 'app/src/node_modules'))}
    assert {entry.mtime for name, entry in found.items() if name not in early} == {MTIME}


def test_each_part_names_all_directories_that_it_goes_through() -> None:
    link = {'app/heroku/deep/late': 'app/a', 'app/a': b'a'}
    for part in split(dict(sorted({**APP, **link}.items()))):
        stands_alone(packed(part))


def test_what_is_split_can_be_written_anew_for_a_container() -> None:
    stored = igzip.open(io.BytesIO(b''.join(map(packed, split(APP)))), 'rb')
    raw = b''.join(repacked(stored.read, None, [], lambda: None, owner=1000))
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        assert set(APP) < {member.name.removeprefix('./') for member in tar if member.uid == 1000}


def test_a_change_of_the_code_changes_the_last_part_only() -> None:
    first, second = split(APP), split({**APP, 'app/src/a.js': b'other'}, MTIME + 1)
    keys = [[part.key for part in parts] for parts in (first, second)]
    assert keys[0][:2] == keys[1][:2]
    assert keys[0][2] != keys[1][2]
    assert [packed(part) for part in first[:2]] == [packed(part) for part in second[:2]]


def test_a_change_of_dependencies_changes_their_part_only() -> None:
    keys = [
        [part.key for part in split(files)] for files in (APP, {**APP, 'app/heroku/versions': b'node 24'})
    ]
    assert [one == other for one, other in zip(*keys, strict=True)] == [False, True, True]


def test_small_directories_go_with_the_rest_as_if_there_were_no_parts() -> None:
    files = {**APP, 'app/heroku/node': b'small', 'app/src/node_modules/a/index.js': bytes(LEAST - 9000)}
    (part,) = split(files)
    assert packed(part) == whole(files)


def test_a_link_to_what_lies_elsewhere_comes_behind_it() -> None:
    files = {
        'app/a': b'a',
        'app/heroku/early': 'app/a',
        'app/heroku/node': LARGE,
        'app/heroku/own': 'app/heroku/node',
        'app/heroku/late': 'app/a',
        'app/src/out': 'app/heroku/node',
    }
    parts = split(files)
    assert len(parts) == 2
    names = list(entries(parts))
    assert names.index('app/heroku/own') < names.index('app/a')
    for late in ('app/heroku/early', 'app/heroku/late', 'app/src/out'):
        assert names.index(late) > names.index('app/a')


@pytest.mark.parametrize('most', [0, 200_000])
def test_a_rest_that_is_too_large_to_be_held_is_packed_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    files = {'app/src/noise': bytes(number % 251 for number in range(3_000_000))}
    wanted = [packed(part) for part in split(files)]
    monkeypatch.setattr(folders, 'MOST_HELD', most)
    assert [packed(part) for part in split(files)] == wanted == [whole(files)]


def test_without_room_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, 'No space left on device')

    wanted = list(map(packed, split(APP)))
    monkeypatch.setattr(folders, '_temporary', Full)
    assert list(map(packed, split(APP))) == wanted
