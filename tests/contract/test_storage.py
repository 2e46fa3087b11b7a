"""What every storage does, and what the one in a directory does besides."""

import fcntl
import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gitreceive.adapters.storage import storage_from_urls
from gitreceive.adapters.storage.file import TEMPORARY, FileStorage
from gitreceive.adapters.storage.whole import WholeSlugs
from gitreceive.model.errors import SettingsError, StorageError
from gitreceive.slugs.ports import Composing, Storage
from gitreceive.slugs.verified import checksum_of
from tests.fakes_storage import MemoryStorage
from tests.storages import ALL, Places

root_only = pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')


@pytest.fixture(params=ALL)
def storage(request: pytest.FixtureRequest, places: Places) -> Storage:
    return ALL[request.param](places)


@pytest.fixture(params=['file', 'memory', 'whole', 's3 (swift)', 's3 (moto)', 'gs', 'az'])
def composing(request: pytest.FixtureRequest, places: Places, tmp_path: Path) -> Composing:
    if request.param == 'whole':
        return WholeSlugs(MemoryStorage(), tmp_path / 'near')
    made = ALL[request.param](places)
    assert isinstance(made, Composing)
    return made


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    path = tmp_path / 'slug'
    path.write_bytes(os.urandom(3_000_000))
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / 'small'
    place.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', str(place)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f'cannot mount here: {mounted.stderr.decode()}')
    yield place
    subprocess.run(['umount', str(place)], check=True)


def locked(path: Path) -> bool:
    with path.open('rb') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def content(storage: Storage, name: str) -> bytes:
    with storage.open(name) as stream:
        return stream.read()


def test_what_was_put_is_read_back(storage: Storage, slug: Path) -> None:
    url = storage.put('hello/1.tgz', slug)
    assert url == storage.url('hello/1.tgz')
    assert url.endswith('hello/1.tgz')
    assert content(storage, 'hello/1.tgz') == slug.read_bytes()


def test_what_comes_is_a_file_as_every_other(storage: Storage, tmp_path: Path) -> None:
    content = b'line\n' * 1_000_000
    (tmp_path / 'lines.gz').write_bytes(gzip.compress(content, 1))
    storage.put('lines.gz', tmp_path / 'lines.gz')
    with storage.open('lines.gz') as stream, gzip.open(stream) as lines:
        assert lines.read() == content


def test_an_empty_object_is_an_object(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / 'empty').write_bytes(b'')
    storage.put('empty', tmp_path / 'empty')
    assert content(storage, 'empty') == b''


def test_a_second_put_replaces_the_first(storage: Storage, slug: Path) -> None:
    storage.put('a', slug)
    slug.write_bytes(b'new')
    storage.put('a', slug)
    assert content(storage, 'a') == b'new'


def test_objects_are_listed_sorted_and_by_prefix(storage: Storage, slug: Path) -> None:
    slug.write_bytes(b'x')
    for name in ('b/2.tgz', 'a/1.json', 'b/1.tgz'):
        storage.put(name, slug)
    assert list(storage.list()) == ['a/1.json', 'b/1.tgz', 'b/2.tgz']
    assert list(storage.list('b/')) == ['b/1.tgz', 'b/2.tgz']
    assert list(storage.list('c/')) == []


def test_nothing_is_listed_before_the_first_put(storage: Storage) -> None:
    assert list(storage.list()) == []
    assert storage.sweep() == 0


def test_a_missing_object_cannot_be_opened_and_can_be_deleted(storage: Storage) -> None:
    with pytest.raises(StorageError, match='no such object'), storage.open('nothing/there'):
        pass
    storage.delete('nothing/there')


def test_a_deleted_object_is_gone(storage: Storage, slug: Path) -> None:
    storage.put('a/b', slug)
    storage.delete('a/b')
    assert list(storage.list()) == []


def test_objects_make_up_another_one(composing: Composing, slug: Path, tmp_path: Path) -> None:
    (tmp_path / 'small').write_bytes(b'small')
    (tmp_path / 'empty').write_bytes(b'')
    for name in ('slug', 'small', 'empty'):
        composing.put(f'app/members/{name}.gz', tmp_path / name)
    names = [f'app/members/{name}.gz' for name in ('slug', 'empty', 'small', 'slug')]
    for _ in range(2):
        assert composing.compose('app/1.tgz', names) == composing.url('app/1.tgz')
        assert content(composing, 'app/1.tgz') == slug.read_bytes() + b'small' + slug.read_bytes()
    assert composing.size('app/1.tgz') == 6_000_005
    assert list(composing.list()) == ['app/1.tgz', *sorted(set(names))]


def test_an_object_may_be_made_of_one_that_is_not_needed_any_more(
    composing: Composing, slug: Path, tmp_path: Path
) -> None:
    contents = {'base': slug.read_bytes(), 'old': b'old code' * 9, 'new': b'new', 'other': b'another base'}
    for name, written in contents.items():
        (tmp_path / name).write_bytes(written)
        composing.put(f'app/members/{name}.gz', tmp_path / name)
    former = ''
    for number, parts in enumerate((['base', 'old'], ['base', 'new'], ['base', 'new'], ['other'], ['base'])):
        whole = f'app/{number}.tgz'
        composing.compose(whole, [f'app/members/{part}.gz' for part in parts], former)
        assert content(composing, whole) == b''.join(contents[part] for part in parts)
        former = whole
    composing.compose(former, ['app/members/base.gz', 'app/members/new.gz'], former)
    assert content(composing, former) == contents['base'] + contents['new']
    with pytest.raises(StorageError, match='no such object'):
        composing.compose('app/9.tgz', ['app/members/base.gz', 'app/members/none.gz'], former)
    assert composing.size('app/9.tgz') is None
    assert composing.sweep() == 0


class Composed:
    """Two objects of a directory that begin with the same part, the first of which is composed."""

    first, second = ('a/b.gz', 'a/old.gz'), ('a/b.gz', 'a/new.gz')

    def __init__(self, root: Path) -> None:
        self.storage = FileStorage(root)
        (root / 'a').mkdir(parents=True)
        for name, written in (('b', b'base' * 100_000), ('old', b'old'), ('new', b'newer')):
            (root / 'a' / f'{name}.gz').write_bytes(written)
        self.storage.compose('a/1.tgz', self.first)
        self.path, self.next = root / 'a' / '1.tgz', root / 'a' / '2.tgz'
        self.inode = self.path.stat().st_ino

    def carried(self, storage: FileStorage | None = None) -> bool:
        """Makes the second one instead of the first; whether of its file."""
        (storage or self.storage).compose('a/2.tgz', self.second, 'a/1.tgz')
        assert self.next.read_bytes() == b'base' * 100_000 + b'newer'
        assert (self.next.stat().st_ino == self.inode) is not self.path.exists()
        return self.next.stat().st_ino == self.inode


def test_the_file_of_the_former_object_is_carried_on(tmp_path: Path) -> None:
    assert Composed(tmp_path / 'slugs').carried()


def test_who_reads_the_former_object_reads_it_to_its_end(tmp_path: Path) -> None:
    composed = Composed(tmp_path / 'slugs')
    with composed.storage.open('a/1.tgz') as stream:
        assert stream.read(4) == b'base'
        assert not composed.carried()
        composed.path.unlink()
        assert stream.read(1_000_000) == b'base' * 99_999 + b'old'


def test_another_name_of_the_former_object_keeps_its_content(tmp_path: Path) -> None:
    composed = Composed(tmp_path / 'slugs')
    (tmp_path / 'backup').hardlink_to(composed.path)
    assert not composed.carried()
    assert (tmp_path / 'backup').read_bytes() == b'base' * 100_000 + b'old'


def test_one_object_is_copied_whatever_its_size(composing: Composing, slug: Path, tmp_path: Path) -> None:
    empty = tmp_path / 'empty'
    empty.touch()
    for name, file in (('app/members/one.gz', slug), ('app/members/none.gz', empty)):
        composing.put(name, file)
        whole = name.replace('members/', '')
        composing.compose(whole, [name])
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        assert checksum_of(composing, whole) == checksum_of(composing, name) == checksum
        composing.delete(name)
        assert composing.size(whole) == file.stat().st_size


def test_what_somebody_wrote_to_or_another_process_composed_is_not_carried_on(tmp_path: Path) -> None:
    composed = Composed(tmp_path / 'slugs')
    before = composed.path.stat().st_mtime_ns
    while composed.path.stat().st_mtime_ns == before:  # the clock of files ticks some hundred times a second
        with composed.path.open('r+b') as file:
            file.write(b'evil')
    assert not composed.carried()
    assert not Composed(tmp_path / 'others').carried(FileStorage(tmp_path / 'others'))


@root_only
def test_where_files_can_share_blocks_a_composed_one_takes_no_space(tmp_path: Path, slug: Path) -> None:
    program = shutil.which('mkfs.xfs', path=f'{os.environ["PATH"]}:/usr/sbin')
    if not program:
        pytest.skip('there is no mkfs.xfs here (Debian: xfsprogs)')
    with mounted_disk(tmp_path, program) as place:
        storage = FileStorage(place / 'slugs')
        slug.write_bytes(os.urandom(4096 * 5000))
        storage.put('app/members/a.gz', slug)
        os.sync()
        before = shutil.disk_usage(place).used
        storage.compose('app/1.tgz', ['app/members/a.gz'] * 3)
        os.sync()
        assert storage.size('app/1.tgz') == 3 * 4096 * 5000
        assert shutil.disk_usage(place).used - before < 4096 * 500
        assert content(storage, 'app/1.tgz') == slug.read_bytes() * 3


@contextmanager
def mounted_disk(folder: Path, program: str) -> Iterator[Path]:
    place, disk = folder / 'disk', folder / 'disk.img'
    place.mkdir()
    with disk.open('wb') as file:
        file.truncate(400_000_000)
    subprocess.run([program, '-q', str(disk)], check=True, capture_output=True)
    mounted = subprocess.run(['mount', '-o', 'loop', str(disk), str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f'cannot mount here: {mounted.stderr.decode()}')
    try:
        yield place
    finally:
        subprocess.run(['umount', str(place)], check=True)


def test_without_a_part_nothing_is_composed(composing: Composing, slug: Path) -> None:
    composing.put('app/members/a.gz', slug)
    with pytest.raises(StorageError, match='no such object'):
        composing.compose('app/1.tgz', ['app/members/a.gz', 'app/members/b.gz'])
    assert list(composing.list()) == ['app/members/a.gz']
    assert composing.sweep() == 0


def test_the_size_of_what_is_not_there_is_none(composing: Composing) -> None:
    assert composing.size('app/members/a.gz') is None


def test_where_whole_slugs_are_kept_members_stay_near_and_are_bounded(tmp_path: Path) -> None:
    """A storage that cannot compose is sent the whole; of its members the last used stay on this host."""
    far, near = MemoryStorage(), tmp_path / 'near'
    storage = WholeSlugs(far, near, most=10)
    (tmp_path / 'part').write_bytes(b'abcd')
    for number, name in enumerate('ab'):
        storage.put(f'app/members/{name}.gz', tmp_path / 'part')
        os.utime(near / f'app/members/{name}.gz', (number, number))
    storage.compose('app/1.tgz', ['app/members/a.gz', 'app/members/a.gz'])
    assert far.objects == {'app/1.tgz': b'abcdabcd'}
    storage.put('app/members/c.gz', tmp_path / 'part')
    assert list(storage.list()) == ['app/1.tgz', 'app/members/a.gz', 'app/members/c.gz']


def test_where_whole_slugs_are_kept_what_a_death_left_of_one_goes_with_it(tmp_path: Path) -> None:
    storage = WholeSlugs(MemoryStorage(), tmp_path / 'near')
    (tmp_path / 'near' / 'app').mkdir(parents=True)
    (tmp_path / 'near' / 'app' / '1.tgz').write_bytes(b'half sent')
    assert list(storage.list('app/')) == ['app/1.tgz']
    storage.delete('app/1.tgz')
    assert list(storage.list('app/')) == []


def test_a_name_that_could_lead_elsewhere_is_refused(storage: Storage, slug: Path) -> None:
    for name in ('', '/etc/passwd', '../x', 'a/../x', 'a//b', 'a/', '.tmp-1', 'a/.x', 'a\nb', 'ä', 'a\0b'):
        with pytest.raises(StorageError, match='not a name'):
            storage.put(name, slug)
        with pytest.raises(StorageError, match='not a name'):
            storage.delete(name)
        with pytest.raises(StorageError, match='not a name'):
            content(storage, name)


def test_files_of_a_slug_belong_to_the_builder_alone(slug: Path, tmp_path: Path) -> None:
    FileStorage(tmp_path / 'root').put('hello/1.tgz', slug)
    modes = [(tmp_path / 'root' / name).stat().st_mode & 0o777 for name in ('', 'hello', 'hello/1.tgz')]
    assert modes == [0o700, 0o700, 0o600]


def test_a_directory_without_write_permission_is_named(slug: Path, tmp_path: Path) -> None:
    place = Path('/proc/self') if os.geteuid() == 0 else tmp_path / 'closed'
    if os.geteuid() != 0:
        place.mkdir(mode=0o500)
    with pytest.raises(StorageError, match=str(place)):
        FileStorage(place).put('hello/1.tgz', slug)


@root_only
def test_a_full_disk_says_what_is_needed_and_free_and_leaves_nothing(small_disk: Path, slug: Path) -> None:
    storage = FileStorage(small_disk / 'slugs')
    with pytest.raises(StorageError, match=r'no room: 3,000,000 bytes are needed and [\d,]+ are free'):
        storage.put('hello/1.tgz', slug)
    assert [path for path in small_disk.rglob('*') if path.is_file()] == []
    slug.write_bytes(bytes(600_000))
    storage.put('hello/members/1.gz', slug)
    with pytest.raises(
        StorageError, match=r'cannot compose hello/1.tgz .* no room: 600,000 bytes are needed'
    ):
        storage.compose('hello/1.tgz', ['hello/members/1.gz'])
    slug.write_bytes(b'small')
    storage.put('hello/1.tgz', slug)
    assert content(storage, 'hello/1.tgz') == b'small'


def test_a_disk_that_cannot_be_read_is_told_with_the_object(tmp_path: Path) -> None:
    (tmp_path / 'broken').symlink_to('/proc/self/mem')  # its first page is nobody's: EIO
    with pytest.raises(StorageError, match=r'cannot read broken in .*: Input/output error'):
        content(FileStorage(tmp_path), 'broken')


@root_only
def test_a_read_only_disk_is_named(small_disk: Path, slug: Path) -> None:
    subprocess.run(['mount', '-o', 'remount,ro', str(small_disk)], check=True)
    with pytest.raises(StorageError, match='not writable'):
        FileStorage(small_disk).put('hello/1.tgz', slug)


def test_a_put_that_is_killed_leaves_nothing_visible_and_is_swept(tmp_path: Path) -> None:
    """The source is a pipe that gives a little and then waits: the copy hangs in the middle for sure."""
    os.mkfifo(tmp_path / 'slow')
    code = 'import sys, pathlib; from gitreceive.adapters.storage.file import FileStorage as S; '
    code += 'S(pathlib.Path(sys.argv[1])).put("hello/1.tgz", pathlib.Path(sys.argv[2]))'
    putting = subprocess.Popen([sys.executable, '-c', code, str(tmp_path / 'root'), str(tmp_path / 'slow')])
    with (tmp_path / 'slow').open('wb', buffering=0) as pipe:
        pipe.write(b'x' * 1000)
        storage = FileStorage(tmp_path / 'root')
        deadline = time.monotonic() + 30
        while not (begun := [path for path in (tmp_path / 'root').rglob(f'{TEMPORARY}*') if locked(path)]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert storage.sweep() == 0, 'a put that runs is not swept away'
        assert begun[0].exists()
        putting.send_signal(signal.SIGKILL)
        putting.wait()
    assert list(storage.list()) == []
    assert storage.sweep() == 1
    assert list((tmp_path / 'root').rglob(f'{TEMPORARY}*')) == []


DIE_AT_EACH_BYTE = """
import os, resource, signal, sys
from pathlib import Path
from gitreceive.adapters.storage.file import FileStorage

root, source, how = Path(sys.argv[1]), Path(sys.argv[2]), getattr(signal, sys.argv[3])
for limit in range(source.stat().st_size):
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, how)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            FileStorage(root / str(limit)).put('hello/1.tgz', source)
        except Exception as error:
            os._exit('File too large' in str(error))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""A file may not become larger than so many bytes: who writes the next one is killed, or told, by the kernel."""


@pytest.mark.parametrize(('how', 'ended', 'left'), [('SIG_DFL', -signal.SIGXFSZ, 1), ('SIG_IGN', 1, 0)])
def test_a_put_may_be_killed_or_fail_at_each_byte(tmp_path: Path, how: str, ended: int, left: int) -> None:
    """What was there stays, and nothing else is seen."""
    source, root = tmp_path / 'source', tmp_path / 'root'
    source.write_bytes(b'the new one, of 32 bytes in all.')
    places = [root / str(limit) for limit in range(32)]
    for place in places[::2]:
        (place / 'hello').mkdir(parents=True)
        (place / 'hello' / '1.tgz').write_bytes(b'old')
    words = [sys.executable, '-c', DIE_AT_EACH_BYTE, str(root), str(source), how]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(ended)] * 32
    for limit, place in enumerate(places):
        storage = FileStorage(place)
        assert list(storage.list()) == (['hello/1.tgz'] if limit % 2 == 0 else [])
        assert limit % 2 or content(storage, 'hello/1.tgz') == b'old'
        assert [path.stat().st_size for path in place.rglob(f'{TEMPORARY}*')] == [limit] * left
        assert storage.sweep() == left


def test_the_bytes_are_on_disk_before_the_name_and_the_name_before_it_is_said(
    tmp_path: Path, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen, sync = tmp_path / 'hello', [], os.fsync

    def watched(descriptor: int) -> None:
        file = Path(os.readlink(f'/proc/self/fd/{descriptor}'))
        seen.append((file.name[:5], file.stat().st_size, (folder / '1.tgz').exists()))
        sync(descriptor)

    monkeypatch.setattr(os, 'fsync', watched)
    FileStorage(tmp_path).put('hello/1.tgz', slug)
    made, bytes_, name = seen
    assert bytes_ == (TEMPORARY, 3_000_000, False)
    assert (name[0], name[2]) == ('hello', True) and not made[2]


def test_a_url_names_the_storage(tmp_path: Path, slug: Path) -> None:
    storage = storage_from_urls([f'file://{tmp_path}/with%20space'])
    storage.put('a', slug)
    assert (tmp_path / 'with space' / 'a').exists()


@pytest.mark.parametrize(
    'url', ['ftp://x/y', 'ftp://me:canary@x/y', '/srv/slugs', 'file:relative', 'file://host/x', '']
)
def test_a_url_of_no_known_storage_is_a_mistake_in_the_settings(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        storage_from_urls([url])
    assert 'canary' not in str(caught.value)
