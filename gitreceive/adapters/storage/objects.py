"""Storage in Google Cloud Storage and Azure Blob Storage, through obstore."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from google.auth.exceptions import GoogleAuthError
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import AzureStore, GCSStore

from gitreceive.adapters.storage.azure import AzureComposer
from gitreceive.adapters.storage.composer import TEMPORARY, Composer
from gitreceive.adapters.storage.file import NAME
from gitreceive.adapters.storage.google import ENDPOINT, GoogleComposer, Tokens
from gitreceive.adapters.storage.names import checked
from gitreceive.adapters.web.incoming import PIECE, incoming
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError
from gitreceive.model.text import harmless

CHUNK = 16 << 20
CONNECTIONS = 4
STALE = timedelta(hours=1)
"""What is only needed for a moment and is older is of nobody who lives."""
RETRIES: Any = {
    'max_retries': 5,
    'retry_timeout': timedelta(minutes=3),
    'backoff': {'init_backoff': timedelta(seconds=0.5), 'max_backoff': timedelta(seconds=20), 'base': 2},
}
EXAMPLES = {'gs': 'gs://bucket/prefix', 'az': 'az://container/prefix?account=NAME'}
OPTIONS = {'gs': {'endpoint': 'base_url'}, 'az': {'endpoint': 'endpoint', 'account': 'account_name'}}
"""Options of a URL, and what obstore calls them. Whatever is secret comes from the environment."""
SIGNATURES = ('AZURE_STORAGE_SAS_KEY', 'AZURE_STORAGE_SAS_TOKEN')
MISSING = (NotFoundError, FileNotFoundError)
"""obstore says both of an object that is not there."""
WORDS = re.compile(r'<Message>(.*?)</Message>', re.DOTALL)
REMEDY = 'check the credentials, and what they may do there'


class ObjectStorage:
    """Objects below the prefix of a bucket or container; satisfies the ``Storage`` port."""

    def __init__(self, store: GCSStore | AzureStore, address: str) -> None:
        self._store = store
        self._address = address.rstrip('/')

    def put(self, name: str, file: Path) -> str:
        """See the port. Large files go in parts, some at once; nothing is visible before the last one."""
        if not file.exists():
            raise StorageError(f'cannot store {name}: there is no file {file}')
        with self._errors(f'cannot store {name}'):
            try:
                obstore.put(self._store, checked(name), file, chunk_size=CHUNK, max_concurrency=CONNECTIONS)
            except MISSING as error:
                raise StorageError(
                    f'{self._address}: there is no such bucket or container: create it'
                ) from error
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        return f'{self._address}/{checked(name)}'

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See the port."""
        errors = partial(self._errors, f'cannot read {name}')
        with errors():
            pieces = iter(obstore.get(self._store, checked(name)).stream(min_chunk_size=PIECE))
        yield incoming(_Pieces(pieces).read, errors)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port. The services list whole directories, in an order of their own."""
        folder = prefix.rpartition('/')[0] or None
        with self._errors('cannot list the objects'):
            found = [entry['path'] for page in obstore.list(self._store, folder) for entry in page]
        yield from sorted(name for name in found if name.startswith(prefix) and NAME.fullmatch(name))

    def delete(self, name: str) -> None:
        """See the port."""
        with self._errors(f'cannot delete {name}'):
            try:
                obstore.delete(self._store, checked(name))
            except MISSING:
                return

    def sweep(self) -> int:
        """See the port. Azure forgets blocks that were not committed after a week; a bucket has a lifecycle rule."""
        return 0

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except MISSING as error:
            raise NoSuchObject(f'{what} in {self._address}: there is no such object') from error
        except (BaseError, GoogleAuthError, OSError) as error:
            raise StorageError(f'{what} in {self._address}: {_words(error)}') from error


class ComposedObjects(ObjectStorage):
    """The same where the service makes objects of others; satisfies ``Composing``."""

    keeps_parts = True

    def __init__(self, store: GCSStore | AzureStore, address: str, composer: Composer) -> None:
        super().__init__(store, address)
        self._composer = composer

    def size(self, name: str) -> int | None:
        """See the port."""
        with self._errors(f'cannot look at {name}'):
            try:
                return int(obstore.head(self._store, checked(name))['size'])
            except MISSING:
                return None

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """See the port."""
        with self._errors(f'cannot compose {name}'):
            sizes = [(checked(part), self._size(part)) for part in parts]
            full = [part for part, size in sizes if size]
            if full:
                self._composer.compose(checked(name), full)
            else:
                obstore.put(self._store, checked(name), b'')
        wanted, found = sum(size for _, size in sizes), self.size(name)
        if found != wanted:
            self.delete(name)
            raise StorageError(f'{self.url(name)} was composed of {wanted:,} bytes and has {found}')
        return self.url(name)

    def sweep(self) -> int:
        """See the port: what composing has left that was killed more than an hour ago."""
        with self._errors('cannot clean up'):
            found = [entry for page in obstore.list(self._store, TEMPORARY) for entry in page]
            old = [entry['path'] for entry in found if entry['last_modified'] < datetime.now(UTC) - STALE]
            for path in old:
                obstore.delete(self._store, path)
        return len(old)

    def _size(self, name: str) -> int:
        found = self.size(name)
        if found is None:
            raise NoSuchObject(f'{self.url(name)}: there is no such object')
        return found


class _Pieces:
    """Pieces of any length, read in lengths that are asked for."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._left = memoryview(b'')

    def read(self, count: int) -> bytes:
        if not self._left:
            self._left = memoryview(next(self._pieces, b''))
        found, self._left = self._left[:count], self._left[count:]
        return bytes(found)


def from_url(url: str) -> ObjectStorage:
    """``gs://bucket/prefix`` or ``az://container/prefix?account=NAME``, with ``endpoint=`` if it is not the vendor's.

    Credentials come from where the vendor's tools look. Raises SettingsError.
    """
    parts = urlsplit(url)
    options, known = dict(parse_qsl(parts.query, keep_blank_values=True)), OPTIONS[parts.scheme]
    if not parts.netloc or '@' in unquote(url) or not set(options) <= set(known):
        raise SettingsError(
            f'storage.url = {parts.scheme}://{parts.netloc.rpartition("@")[2]}{parts.path}: {EXAMPLES[parts.scheme]} is '
            f'expected, with no other options than {", ".join(known)}'
        )
    prefix = unquote(parts.path).strip('/')
    config: Any = {known[name]: value for name, value in options.items()}
    client: Any = {'allow_http': True} if options.get('endpoint', '').startswith('http:') else {}
    common: Any = {
        'prefix': prefix or None,
        'config': config,
        'client_options': client,
        'retry_config': RETRIES,
    }
    address = url.partition('?')[0]
    try:
        if parts.scheme == 'az':
            return _azure(AzureStore(parts.netloc, **common), address)
        tokens = Tokens()
        composer = GoogleComposer(parts.netloc, prefix, tokens, options.get('endpoint', ENDPOINT))
        return ComposedObjects(
            GCSStore(parts.netloc, credential_provider=tokens, **common), address, composer
        )
    except (BaseError, ValueError) as error:
        raise SettingsError(f'storage.url = {address}: {_words(error)}') from error


def _azure(store: AzureStore, address: str) -> ObjectStorage:
    """Whoever is let in by a signature cannot sign URLs, and so not compose."""
    if any(name in os.environ for name in SIGNATURES):
        return ObjectStorage(store, address)
    return ComposedObjects(store, address, AzureComposer(store))


def _words(error: Exception) -> str:
    """The service's own words, without the dump of structures around them."""
    text = str(error)
    said = WORDS.search(text)
    told = said[1] if said else text.partition('\n\nDebug source')[0]
    remedy = f' ({REMEDY})' if re.search(r'\b40[13]\b|Unauthor|Permission|credential', text) else ''
    return harmless(' '.join(told.split()))[:500] + remedy
