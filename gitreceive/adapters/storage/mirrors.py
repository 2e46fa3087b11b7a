"""Several storages as one: the first is the truth, and the others become like it, in their own time.

What a mirror has to do is noted in a file: begun before the first storage is asked, complete when that is done, so that
neither a death in between nor a mirror that is away for days loses any of it. A thread of the daemon carries it out in
order; a failure is logged and retried, later and later. Nobody waits for a mirror, and no push fails
because of one.
"""

import contextlib
import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from gitreceive.model.errors import NoSuchObject, StorageError
from gitreceive.slugs.ports import Composing, Storage, Vouching
from gitreceive.slugs.verified import put_verified

PIECE = 1 << 20
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
BEGUN, COMPLETE, COPY = '.begun', '.json', 'copy-'
MEMBERS = '/members/'
"""Parts of slugs (``gitreceive/slugs/chunk_cache.py``). A mirror that cannot compose gets whole slugs instead."""

log = logging.getLogger(__name__)


class Mirrored:
    """Satisfies ``Storage`` and ``Mirroring``: does what ``first`` does, and notes it for the mirrors."""

    def __init__(self, first: Storage, mirrors: Sequence['StorageMirror']) -> None:
        self._first = first
        self.mirrors = mirrors

    def put(self, name: str, file: Path) -> str:
        """See the port."""
        with self._noted('put', name):
            return self._first.put(name, file)

    def url(self, name: str) -> str:
        """See the port."""
        return self._first.url(name)

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """See the port."""
        return self._first.open(name)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port."""
        return self._first.list(prefix)

    def delete(self, name: str) -> None:
        """See the port."""
        with self._noted('delete', name):
            self._first.delete(name)

    def sha256(self, name: str) -> str:
        """See ``Vouching``."""
        return self._first.sha256(name) if isinstance(self._first, Vouching) else ''

    def sweep(self) -> int:
        """See the port. The mirrors begin with what an earlier process has left to do."""
        for mirror in self.mirrors:
            mirror.start(self._first)
        return self._first.sweep()

    @contextmanager
    def _noted(self, action: str, name: str, parts: Sequence[str] = ()) -> Iterator[None]:
        with ExitStack() as notes:
            for mirror in self.mirrors:
                notes.enter_context(mirror.noted(action, name, parts))
            yield


class ComposingMirrored(Mirrored):
    """The same for a first storage that composes; satisfies ``Composing``."""

    def __init__(self, first: Composing, mirrors: Sequence['StorageMirror']) -> None:
        super().__init__(first, mirrors)
        self._composing = first

    @property
    def keeps_parts(self) -> bool:
        """See the port."""
        return self._composing.keeps_parts

    def size(self, name: str) -> int | None:
        """See the port."""
        return self._composing.size(name)

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """See the port."""
        with self._noted('compose', name, parts):
            return self._composing.compose(name, parts, instead_of)


class StorageMirror:
    """A storage that is behind, and the directory with the notes of what it lacks; satisfies the port."""

    def __init__(self, storage: Storage, address: str, folder: Path) -> None:
        self.storage = storage
        self.address = address
        self._notes = folder
        self._composes = isinstance(storage, Composing)
        self._woken = threading.Event()
        self._pause = FIRST_PAUSE

    @contextmanager
    def noted(self, action: str, name: str, parts: Sequence[str]) -> Iterator[None]:
        """What is done inside has to be done at the mirror too. Raises StorageError if that cannot be written down."""
        if not self._composes and not _matters(action, name):
            yield
            return
        note = {'action': action, 'name': name, 'parts': list(parts)}
        begun = self._notes / f'{time.time_ns():020}-{secrets.token_hex(4)}{BEGUN}'
        with self._writing():
            self._notes.mkdir(mode=0o700, parents=True, exist_ok=True)
            begun.write_text(json.dumps(note))
        try:
            yield
        except BaseException:
            if action == 'delete':
                begun.unlink(missing_ok=True)
            raise
        finally:  # what failed may have come to the first storage all the same, and is not put there again then
            with self._writing(), contextlib.suppress(FileNotFoundError):  # a daemon that starts has done it
                begun.rename(begun.with_suffix(COMPLETE))
            self._woken.set()

    def start(self, first: Storage) -> None:
        """Begins to carry out what is noted, in a thread that ends with the process.

        What a dead process had begun counts: it may have come to the first storage. If it has not, nothing is copied.
        """
        with self._writing():
            for half in self._notes.glob(f'{COPY}*'):
                half.unlink()
            for begun in self._notes.glob(f'*{BEGUN}'):
                begun.rename(begun.with_suffix(COMPLETE))
        threading.Thread(target=self._follow, args=(first,), name='mirror', daemon=True).start()

    def catch_up(self, first: Storage) -> None:
        """Carries out what is noted, in order. Raises StorageError; what was not done stays noted.

        What fails holds up nothing but the rest of the same slug.
        """
        failed: dict[str, StorageError] = {}
        for path in sorted(self._notes.glob(f'*{COMPLETE}')):
            try:
                note = json.loads(path.read_text())
            except ValueError:
                log.warning('%s was damaged in a crash: the mirror %s may lack an object', path, self.address)
                path.unlink()
                continue
            slug = note['name'].rpartition('.')[0]
            if slug in failed:
                continue
            try:
                self._carry_out(first, note['action'], note['name'], note['parts'])
            except StorageError as error:
                failed[slug] = error
                continue
            path.unlink(missing_ok=True)
        if failed:
            raise StorageError(f'{len(failed)} not done; {next(iter(failed.values()))}')

    def waiting(self, prefix: str) -> Sequence[str]:
        """See the port."""
        found: dict[str, None] = {}
        for path in sorted(self._notes.glob('[0-9]*')):
            with contextlib.suppress(FileNotFoundError, ValueError):  # carried out meanwhile; damaged
                note = json.loads(path.read_text())
                found |= dict.fromkeys([*note['parts'], note['name']])
        return [name for name in found if name.startswith(prefix)]

    def send(self, name: str, parts: Sequence[str] = ()) -> None:
        """See the port."""
        with self.noted('compose' if parts else 'put', name, parts):
            return

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f'cannot note what the mirror {self.address} lacks: {error.filename}: {error.strerror}'
            ) from error

    def _follow(self, first: Storage) -> None:
        while True:
            self._woken.clear()
            try:
                self.catch_up(first)
                self._pause = FIRST_PAUSE
                self._woken.wait(LONGEST_PAUSE)
            except (StorageError, OSError) as error:
                log.warning(
                    'the mirror %s is behind: %s; trying again in %d s', self.address, error, self._pause
                )
                time.sleep(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _carry_out(self, first: Storage, action: str, name: str, parts: Sequence[str]) -> None:
        if action == 'delete':
            doomed = [name] if self._composes else [name.removesuffix('.json') + '.tgz', name]
            for each in doomed:
                self.storage.delete(each)
        elif action == 'compose' and isinstance(self.storage, Composing):
            lacking = [part for part in parts if self.storage.size(part) is None]
            if all([self._copy(first, part, [part]) for part in lacking]):
                self.storage.compose(name, parts)
        else:
            self._copy(first, name, parts or [name])

    def _copy(self, first: Storage, name: str, parts: Sequence[str]) -> bool:
        """Sends the parts in a row; False if they have been deleted meanwhile, or never came to the first storage."""
        with NamedTemporaryFile(dir=self._notes, prefix=COPY) as file:
            try:
                checksum = _gather(first, parts, file)
            except NoSuchObject:
                return False
            put_verified(self.storage, name, Path(file.name), checksum)
            return True


def mirrored(first: Storage, others: Sequence[tuple[str, Storage]], folder: Path) -> Storage:
    """``first``, with mirrors by their addresses, whose notes are below ``folder``."""
    mirrors = [StorageMirror(storage, address, folder / _digest(address)) for address, storage in others]
    return ComposingMirrored(first, mirrors) if isinstance(first, Composing) else Mirrored(first, mirrors)


def _gather(first: Storage, parts: Sequence[str], sink: IO[bytes]) -> str:
    """Writes the parts in a row; their sha256."""
    digest = hashlib.sha256()
    for part in parts:
        with first.open(part) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                sink.write(piece)
    sink.flush()
    return digest.hexdigest()


def _matters(action: str, name: str) -> bool:
    """Whether a mirror that has whole slugs only takes part.

    Members are not for it; and a whole slug, which goes from the first storage when it is no longer the newest, goes
    from here with its facts.
    """
    return MEMBERS not in name and not (action == 'delete' and name.endswith('.tgz'))


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:16]
