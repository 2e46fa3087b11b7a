"""Storage at an HTTP server that takes PUT: a WebDAV share, nginx, an artefact repository, a signed URL.

HTTP has no word for "list" and none for "compose". So whole slugs are sent, and what was sent is remembered here.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

import requests

from gitreceive.adapters.incoming import PIECE
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.names import checked
from gitreceive.adapters.storage.secrets import Credentials, Secrets
from gitreceive.adapters.web.client import PATIENT, Patience, Web, reading, whole
from gitreceive.adapters.web.refusal import Refused
from gitreceive.adapters.web.request import PORTS, Request, public
from gitreceive.errors import NoSuchObject, SettingsError, StorageError

GONE = (404, 410)
NOTHING = Path(os.devnull)
ENDING = re.compile(r'\.[A-Za-z0-9]+$')
FIELDS = ('app', 'sha256')
EXAMPLE = 'https://slugs.example.com/{app}/{sha256}.tgz'


class HttpStorage:
    """Objects at the URLs that ``template`` makes of their names; satisfies the ``Storage`` port."""

    def __init__(
        self, template: str, credentials: Credentials, folder: Path | None, patience: Patience = PATIENT
    ) -> None:
        self._template = template
        self._known = FileStorage(folder) if folder else None
        self._credentials = credentials
        self._web = Web(patience)

    @classmethod
    def from_url(
        cls, url: str, secrets: Secrets, folder: Path | None = None, patience: Patience = PATIENT
    ) -> 'HttpStorage':
        """``https://host/slugs`` or ``https://host/{app}-{sha256}.tgz``. Raises SettingsError, also for a secret in it.

        ``folder`` is for the names of what is sent, each an empty file.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise SettingsError(f'storage = {public(url)!r}: this is no URL, as {EXAMPLE} is') from error
        if not usable:
            raise SettingsError(f'storage = {public(url)!r}: a host is expected, for example {EXAMPLE}')
        if '@' in parts.netloc or parts.query or parts.fragment:
            raise SettingsError(
                f'storage = {public(url)!r}: user, password and query do not belong into the URL, which is shown to '
                'pushers: put them into the file that the setting storage_secrets names'
            )
        _check_template(url)
        return cls(url, secrets.of(url), folder, patience)

    def put(self, name: str, file: Path) -> str:
        """See the port. Atomic as far as the server is; whoever stores a slug reads it back."""
        request = self._request('PUT', name, file)
        if self._known:
            self._known.put(name, NOTHING)
        self._web.call(request, whole)
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        quoted = quote(checked(name))
        if '{' not in self._template:
            return f'{self._template.rstrip("/")}/{quoted}'
        app, _, rest = quoted.partition('/')
        ending = ENDING.search(rest)
        if not ending or '/' in rest:
            raise StorageError(
                f'{name}: {self._template} has a place for APP/SHA256.tgz and .json, not for this'
            )
        base = ENDING.sub('', self._template)
        return base.format(app=app, sha256=rest[: ending.start()]) + ending[0]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See the port."""
        with self._explained(name), self._web.stream(self._request('GET', name)) as stream:
            yield stream

    def sha256(self, name: str) -> str:
        """See ``Vouching``: all of it is read, and read again if the answer breaks off."""
        with self._explained(name):
            return self._web.call(self._request('GET', name), _digest)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port: what was sent from here. Of a PUT that failed only the name may be there."""
        if not self._known:
            raise StorageError(f'{public(self._template)}: what is there is known to its receiver only')
        return self._known.list(prefix)

    def delete(self, name: str) -> None:
        """See the port. Raises Refused where the server does not allow it."""
        try:
            self._web.call(self._request('DELETE', name), whole)
        except Refused as refusal:
            if refusal.status not in GONE:
                raise
        if self._known:
            self._known.delete(name)

    def sweep(self) -> int:
        """See the port: what a broken PUT leaves there is the server's own."""
        return self._known.sweep() if self._known else 0

    def _request(self, method: str, name: str, body: Path | bytes = b'') -> Request:
        given = self._credentials
        headers = {'Content-Type': 'application/json' if name.endswith('.json') else 'application/gzip'}
        return Request(
            method=method,
            url=self.url(name),
            headers=headers if method == 'PUT' else {},
            secrets=given.headers,
            query=given.query,
            body=body,
        )

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except Refused as refusal:
            if refusal.status in GONE:
                raise NoSuchObject(f'{public(self.url(name))}: there is no such object') from refusal
            raise


def _check_template(url: str) -> None:
    fields = re.findall(r'\{(.*?)\}', url)
    if fields and sorted(fields) != sorted(FIELDS):
        raise SettingsError(
            f'storage = {url!r}: a template has {{app}} and {{sha256}} once each, as {EXAMPLE}; '
            'a slug is stored before its release has a version'
        )
    if '{' in ''.join(re.split(r'\{(?:app|sha256)\}', url)) or '{' in urlsplit(url).netloc:
        raise SettingsError(f'storage = {url!r}: braces are for {{app}} and {{sha256}} in the path')


def _digest(response: requests.Response) -> str:
    digest, read = hashlib.sha256(), reading(response)
    while piece := read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
