"""Slugs by themselves: cut from an image and stored, without a push around it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.images import large_image, packages_image
from bench.measure import Row, Series, alternate
from bench.naive import label
from bench.processes import run
from bench.servers import storage
from bench.setting import Bench
from bench.stores import LimitedStore, s3_store
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.slug import Chunk, Image, LayeredSlug, SlugOrder
from gitreceive.slugs.chunk_cache import ChunkCache
from gitreceive.slugs.cut import cut_chunks
from gitreceive.slugs.pack import pack_slug
from gitreceive.slugs.ports import Composing
from gitreceive.slugs.scan import Opening
from gitreceive.slugs.store import store_slug
from gitreceive.slugs.stored import reduce_slug

APP = AppName('bench')
CODE_FASTER, FIRST_FASTER = 50.0, 3.0
ASKED = 50_000
"""Files of the app that the ratios are wanted for."""

AS_MUCH = 1.8
"""Times the space of one release, for many that differ little."""

MOST_SECONDS = 600.0
LIMITS = Limits(slug_bytes=5_000_000_000)
MB_A_SECOND = 50


class Cutter:
    """Cuts and stores the slugs of one app."""

    def __init__(self, bench: Bench, place: Path, store: Composing | None = None) -> None:
        self._engine = Engine(bench.engine)
        self._folder = place / 'work'
        self._folder.mkdir(parents=True)
        self.store = store or FileStorage(place / 'slugs')
        self._chunk_cache = ChunkCache(self.store, place / 'chunk_cache')
        self._packer = DockerSlugPacker(self._engine)
        self._former = ''

    def slug(self, image: Image, mtime: int) -> tuple[LayeredSlug, float]:
        """The slug, and the seconds until it was stored."""
        with closing(BuildClock(MOST_SECONDS)) as clock:
            began = time.monotonic()
            order = SlugOrder(app=APP, image=image, mtime=mtime, folder=self._folder)
            slug = cut_chunks(order, self._packer, self._chunk_cache, _let_pass, LIMITS, clock)
            store_slug(slug, {}, self.store, APP, self._folder, self._former)
            self._former = slug.sha256
            return slug, time.monotonic() - began

    def release(self, image: Image, mtime: int) -> LayeredSlug:
        """The slug; of the one before it only the chunks stay."""
        before = self._former
        slug, _ = self.slug(image, mtime)
        if before not in ('', slug.sha256):
            reduce_slug(self.store, APP, before)
        return slug

    def whole(self, image: Image, mtime: int) -> float:
        """The seconds for the same in one piece: all packed, all stored."""
        target = self._folder / 'slug.tgz'
        with closing(BuildClock(MOST_SECONDS)) as clock:
            began = time.monotonic()
            pack_slug(image, self._packer, target, mtime, LIMITS, clock)
            self.store.put(f'{APP}/whole.tgz', target)
            seconds = time.monotonic() - began
        target.unlink()
        return seconds


def slugs(bench: Bench) -> Iterator[Row]:
    """Apps of more and more files: their first slug, and those after a change of the code."""
    with storage(bench.place / 'slugs' / 'naive') as url:
        for count in bench.sizes.trees:
            bench.say(f'slugs: an app of {count:,} files')
            place = bench.place / 'slugs' / str(count)
            cutter = Cutter(bench, place)
            first, seconds = cutter.slug(packages_image(bench, count, b'first'), 1)
            later = [
                cutter.slug(packages_image(bench, count, b'%d' % number), number)[1]
                for number in range(2, 2 + bench.sizes.runs)
            ]
            image = packages_image(bench, count, b'last')
            full = [cutter.whole(image, 99)]
            naive = [_original(bench, image, place, url)] if bench.deploys else []
            name = f'slug of {count:,} files'
            theirs, asked = Series(tuple(naive)) if naive else None, count == ASKED
            bench.remark(f'{name}: {first.size / 1e6:.0f} MB.')
            yield _row(f'{name}, first', [seconds], theirs, FIRST_FASTER if asked else None)
            yield _row(f'{name}, code changed', later, theirs, CODE_FASTER if asked else None)
            yield _row(f'{name}, code changed, beside packing all of it', later, Series(tuple(full)))


def s3(bench: Bench) -> Iterator[Row]:
    """The slugs of an app in S3, whose server puts together what it has."""
    place, count = bench.place / 's3', min(ASKED, bench.sizes.trees[-1])
    bench.say(f's3: an app of {count:,} files, its slugs in S3')
    with s3_store(place / 's3') as store:
        cutter, number = Cutter(bench, place, store), iter(range(1, 1000))

        def image() -> Image:
            return packages_image(bench, count, b'%d' % next(number))

        first, seconds = cutter.slug(image(), 1)
        changed, _ = cutter.slug(image(), 2)
        takes = [lambda: cutter.slug(image(), 2)[1], lambda: cutter.whole(image(), 2)]
        later, full = alternate(bench.sizes.runs, takes)
        bench.remark(
            f'slug of {count:,} files in S3: {first.size / 1e6:.0f} MB, the first one in {seconds:.2f} s; '
            f'a change of the code packs and sends {changed.new:,} bytes.'
        )
        name = f'slug of {count:,} files in S3, code changed, beside packing and sending all of it'
        yield _row(name, later, Series(tuple(full)))


def space(bench: Bench) -> Iterator[Row]:
    """Many releases in a row, in each of which a hundredth of the app changes."""
    place, count = bench.place / 'space', bench.sizes.trees[0]
    bench.say(f'space: {bench.sizes.releases} releases')
    with s3_store(place / 's3') as store:
        cutters = {'a directory': Cutter(bench, place / 'near'), 'S3': Cutter(bench, place / 'far', store)}
        counts = {'a directory': lambda: _on_disk(place / 'near' / 'slugs'), 'S3': lambda: _listed(store)}
        code, ones = b'1', {}
        for number in range(bench.sizes.releases):
            image = packages_image(bench, count, code)
            slugs = {where: cutter.release(image, number) for where, cutter in cutters.items()}
            ones = ones or {where: counted() for where, counted in counts.items()}
            code = os.urandom(slugs['S3'].size // 100)
        for where, counted in counts.items():
            bench.remark(_grown(f'space in {where}: {bench.sizes.releases} releases', counted(), ones[where]))
    yield from ()


def _grown(what: str, total: int, one: int) -> str:
    missed = ', missed' if total > AS_MUCH * one else ''
    return (
        f'{what}, of each of which a hundredth is new, take {total / one:.2f} times the space of the first '
        f'(wanted: ≤ {AS_MUCH:.2f}{missed}), which takes {one / 1e6:.0f} MB: its members, and the whole of them.'
    )


def link(bench: Bench) -> Iterator[Row]:
    """A first slug that does not compress, to a storage behind a slow link."""
    place = bench.place / 'link'
    bench.say(f'link: {bench.sizes.link} MB at {MB_A_SECOND} MB/s')
    image = large_image(bench, bench.sizes.link)
    store = LimitedStore(place / 'slugs', MB_A_SECOND * 1e6)
    slug, seconds = Cutter(bench, place, store).slug(image, 1)
    bare = slug.size / (MB_A_SECOND * 1e6)
    bench.remark(
        f'link: {slug.size / 1e6:.0f} MB cut and stored over {MB_A_SECOND} MB/s took {seconds:.2f} s, '
        f'{seconds / bare:.2f} times the transfer of its bytes alone.'
    )
    yield from ()


def large(bench: Bench) -> Iterator[Row]:
    """The memory that cutting and storing a large slug takes, in a process of its own."""
    bench.say(f'large: {bench.sizes.large} MB')
    image = large_image(bench, bench.sizes.large)
    words = [sys.executable, '-m', 'bench.memory', bench.engine, image.id, str(bench.place / 'large')]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    size, peak = map(int, done.stdout.split())
    bench.remark(
        f'large: cutting and storing a slug of {size / 1e6:,.0f} MB takes {peak / 1e6:.0f} MB of memory.'
    )
    yield from ()


def _original(bench: Bench, image: Image, place: Path, url: str) -> float:
    """Seconds of the original's way: tar in a container, copied out, uploaded."""
    environ = {'DOCKER_HOST': bench.engine}
    mark = label(bench.place / 'naive')
    began = time.monotonic()
    tar = ('tar', 'cfz', '/tmp/slug.tgz', '--directory', '/', '--exclude', '.git', './app')
    container = run('docker', 'run', '--detach', '--label', mark, image.id, *tar, environ=environ).strip()
    run('docker', 'wait', container, environ=environ)
    run('docker', 'cp', f'{container}:/tmp/slug.tgz', place / 'original.tgz', environ=environ)
    run('curl', '--silent', '--fail', '--upload-file', place / 'original.tgz', f'{url}/original.tgz')
    seconds = time.monotonic() - began
    run('docker', 'rm', '--force', container, environ=environ)
    return seconds


def _row(name: str, ours: list[float], naive: Series | None, wanted: float | None = None) -> Row:
    return Row(name=name, ours=Series(tuple(ours)), naive=naive, wanted=wanted)


def _on_disk(folder: Path) -> int:
    """What a directory takes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob('*') if path.is_file())


def _listed(store: Composing) -> int:
    """What the objects of a store have."""
    return sum(store.size(name) or 0 for name in store.list())


def _let_pass(chunk: Chunk, opening: Opening) -> None:
    """Nobody looks for secrets: the naive way does not either."""
