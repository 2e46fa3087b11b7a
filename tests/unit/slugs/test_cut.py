"""What was packed once is not packed again, and the slug is the same bytes either way."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, SecretError, SlugError, StorageError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Chunk, Image, LayeredSlug, SlugOrder
from gitreceive.slugs.chunk_cache import KEPT, ChunkCache
from gitreceive.slugs.cut import cut_chunks
from gitreceive.slugs.names import chunk_name
from gitreceive.slugs.ports import Packed, SlugPart
from gitreceive.slugs.scan import Opening, Scan
from tests.fakes_storage import MemoryStorage

APP = AppName('hello')
IMAGE = Image(id='sha256:1')


@dataclass
class Part:
    """Packs its text, and remembers that it had to."""

    text: str
    packed: list[str]
    before: Callable[[], object] = lambda: None

    @property
    def key(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        self.before()
        cancellation.check()
        self.packed.append(self.text)
        target.write(gzip.compress(self.text.encode(), mtime=0) if self.text else b'')
        return Packed(
            left_out=[f'app/{self.text}.fifo'], diff_id=hashlib.sha256(self.text.encode()).hexdigest()
        )


@dataclass
class Packer:
    """An image made of texts."""

    texts: Sequence[str]
    packed: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    files: int = 1000

    def parts(self, image: Image, mtime: int, cancellation: Cancellation) -> Sequence[SlugPart]:
        return [Part(text, self.packed, self.before) for text in self.texts]

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        return {'/app/src': self.files}


def let_pass(member: Chunk, opening: Opening) -> None:
    """A scan that finds nothing."""


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def chunk_cache(storage: MemoryStorage, tmp_path: Path) -> ChunkCache:
    return ChunkCache(storage, tmp_path / 'chunk_cache')


@pytest.fixture
def cut(tmp_path: Path, clock: BuildClock) -> Callable[..., LayeredSlug]:
    folder = tmp_path / 'work'
    folder.mkdir()

    def cutting(
        packer: Packer, chunk_cache: ChunkCache, limit: int = 1_000_000, scan: Scan = let_pass
    ) -> LayeredSlug:
        order = SlugOrder(app=APP, image=IMAGE, mtime=7, folder=folder)
        try:
            return cut_chunks(order, packer, chunk_cache, scan, Limits(slug_bytes=limit), clock)
        finally:
            assert list(folder.iterdir()) == [], 'a file was left'

    return cutting


def whole(storage: MemoryStorage, slug: LayeredSlug) -> bytes:
    return b''.join(storage.objects[chunk_name(APP, member.sha256)] for member in slug.chunks)


Cutting = Callable[..., LayeredSlug]


def test_a_slug_without_files_is_refused_and_nothing_of_it_stays(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage
) -> None:
    with pytest.raises(SlugError, match='the image has no files in /app'):
        cut(Packer(['directories'], files=0), chunk_cache)
    assert not storage.objects


def test_a_slug_is_its_members_in_a_row(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage
) -> None:
    slug = cut(Packer(['runtime', 'code']), chunk_cache)
    content = whole(storage, slug)
    assert gzip.decompress(content) == b'runtimecode'
    assert (slug.sha256, slug.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert slug.new == slug.size
    assert slug.left_out == ('app/runtime.fifo', 'app/code.fifo')


@pytest.mark.parametrize('process', ['the same', 'another'])
def test_each_chunk_knows_what_it_unpacks_to_also_when_it_is_used_again(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage, tmp_path: Path, process: str
) -> None:
    cut(Packer(['runtime', 'code']), chunk_cache)
    later = chunk_cache if process == 'the same' else ChunkCache(storage, tmp_path / 'chunk_cache')
    slug = cut(Packer(['runtime', 'new code']), later)
    assert [chunk.diff_id for chunk in slug.chunks] == [
        hashlib.sha256(text).hexdigest() for text in (b'runtime', b'new code')
    ]


@pytest.mark.parametrize('process', ['the same', 'another'])
def test_only_what_changed_is_packed(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage, tmp_path: Path, process: str
) -> None:
    cut(Packer(['runtime', 'dependencies', 'code']), chunk_cache)
    later = chunk_cache if process == 'the same' else ChunkCache(storage, tmp_path / 'chunk_cache')
    packer = Packer(['runtime', 'dependencies', 'new code'])
    slug = cut(packer, later)
    assert packer.packed == ['new code']
    content = whole(storage, slug)
    assert gzip.decompress(content) == b'runtimedependenciesnew code'
    assert (slug.sha256, slug.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert slug.left_out == ('app/runtime.fifo', 'app/dependencies.fifo', 'app/new code.fifo')
    assert slug.new < slug.size


def test_a_change_below_packs_that_part_alone(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage
) -> None:
    cut(Packer(['runtime', 'dependencies', 'code']), chunk_cache)
    packer = Packer(['runtime', 'other', 'code'])
    slug = cut(packer, chunk_cache)
    assert packer.packed == ['other']
    assert slug.sha256 == hashlib.sha256(whole(storage, slug)).hexdigest()


def test_what_is_used_is_not_forgotten_however_often_the_code_changes(
    cut: Cutting, chunk_cache: ChunkCache
) -> None:
    packer = Packer(['runtime', 'code'])
    for number in range(2 * KEPT):
        packer.texts = ['runtime', f'code {number}']
        cut(packer, chunk_cache)
    assert packer.packed.count('runtime') == 1


def test_the_first_slug_is_not_read_again_for_the_second(cut: Cutting, tmp_path: Path) -> None:
    opened: list[str] = []

    class Telling(MemoryStorage):
        def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
            opened.append(name)
            return super().open(name)

    chunk_cache = ChunkCache(Telling(), tmp_path / 'chunk_cache')
    first = cut(Packer(['runtime', 'dependencies', 'code']), chunk_cache)
    opened.clear()
    cut(Packer(['runtime', 'dependencies', 'new code']), chunk_cache)
    assert not {chunk_name(APP, member.sha256) for member in first.chunks} & set(opened)


def test_an_empty_part_is_no_member(cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage) -> None:
    for _ in range(2):
        packer = Packer(['runtime', '', 'code'])
        slug = cut(packer, chunk_cache)
        assert len(slug.chunks) == 2
        assert gzip.decompress(whole(storage, slug)) == b'runtimecode'
    assert packer.packed == []


def test_every_member_is_scanned_before_it_is_stored_and_again_when_it_is_used_again(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage
) -> None:
    seen: list[tuple[bytes, bool]] = []

    def scan(member: Chunk, opening: Opening) -> None:
        with opening() as stream:
            content = gzip.decompress(stream.read())
        seen.append((content, chunk_name(APP, member.sha256) in storage.objects))

    cut(Packer(['runtime', '', 'code']), chunk_cache, scan=scan)
    assert seen == [(b'runtime', False), (b'code', False)]
    seen.clear()
    cut(Packer(['runtime', 'new code']), chunk_cache, scan=scan)
    assert seen == [(b'runtime', True), (b'new code', False)]


@pytest.mark.parametrize('known', [False, True])
def test_a_refused_member_stores_nothing_new_and_removes_nothing_old(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage, known: bool
) -> None:
    if known:
        cut(Packer(['runtime', 'secret']), chunk_cache)
    before = dict(storage.objects)

    def scan(member: Chunk, opening: Opening) -> None:
        with opening() as stream:
            if b'secret' in gzip.decompress(stream.read()):
                raise SecretError('no')

    with pytest.raises(SecretError):
        cut(Packer(['runtime', 'secret', 'code']), chunk_cache, scan=scan)
    assert storage.objects == before


def test_a_member_that_is_gone_or_damaged_is_packed_again(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage, tmp_path: Path
) -> None:
    first = cut(Packer(['runtime', 'code']), chunk_cache)
    name = chunk_name(APP, first.chunks[0].sha256)
    good = storage.objects[name]
    for damage in (None, good[:-1], good.swapcase()):
        storage.objects.pop(name)
        if damage is not None:
            storage.objects[name] = damage
        packer = Packer(['runtime', 'code'])
        assert cut(packer, ChunkCache(storage, tmp_path / 'chunk_cache')) == LayeredSlug(
            chunks=first.chunks, sha256=first.sha256, size=first.size, new=first.chunks[0].size
        )
        assert packer.packed == ['runtime']
        assert storage.objects[name] == good


@pytest.mark.parametrize('content', ['', '{', '[]', '{"x": {}}', '{"x": 1}'])
def test_a_lost_index_costs_time_and_nothing_else(
    cut: Cutting, chunk_cache: ChunkCache, tmp_path: Path, content: str
) -> None:
    first = cut(Packer(['runtime', 'code']), chunk_cache)
    (tmp_path / 'chunk_cache' / 'hello.json').write_text(content)
    packer = Packer(['runtime', 'code'])
    assert cut(packer, chunk_cache).sha256 == first.sha256
    assert packer.packed == ['runtime', 'code']


def test_members_are_stored_while_others_are_packed(cut: Cutting, tmp_path: Path) -> None:
    stored = threading.Event()

    class Telling(MemoryStorage):
        def put(self, name: str, file: Path) -> str:
            url = super().put(name, file)
            stored.set()
            return url

    begun: list[bool] = []

    def wait() -> None:
        begun.append(stored.wait(10) if begun else True)

    cut(Packer(['runtime', 'code'], before=wait), ChunkCache(Telling(), tmp_path / 'chunk_cache'))
    assert begun == [True, True]


def test_a_storage_that_fails_ends_the_cut(cut: Cutting, tmp_path: Path) -> None:
    storage = MemoryStorage(damage=99)
    with pytest.raises(StorageError, match='came back different'):
        cut(Packer(['runtime', 'code']), ChunkCache(storage, tmp_path / 'chunk_cache'))
    assert storage.objects == {}


def test_a_slug_over_the_limit_leaves_no_member_but_those_of_other_slugs(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage
) -> None:
    cut(Packer(['runtime', 'code']), chunk_cache)
    before = dict(storage.objects)
    with pytest.raises(SlugError, match=r'too large[^$]*/app/src'):
        cut(Packer(['runtime', 'dependencies', 'code']), chunk_cache, limit=60)
    assert storage.objects == before


def test_a_cancelled_cut_leaves_no_member(
    cut: Cutting, chunk_cache: ChunkCache, storage: MemoryStorage, clock: BuildClock
) -> None:
    times = iter(range(10))

    def stop() -> None:
        if next(times) == 1:
            clock.stop(BuildCancelled('enough'))

    with pytest.raises(BuildCancelled):
        cut(Packer(['runtime', 'code'], before=stop), chunk_cache)
    assert storage.objects == {}
