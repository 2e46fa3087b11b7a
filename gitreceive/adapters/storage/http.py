"""Storage at an HTTP server that takes PUT: a WebDAV share, nginx, an artefact repository, a signed URL.

HTTP has no word for "list" and none for "compose". So whole slugs are sent, and what was sent is remembered here.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import requests

from gitreceive.adapters.storage.numbers import Sent, Versions
from gitreceive.adapters.storage.secrets import Credentials, Secrets
from gitreceive.adapters.storage.template import EXAMPLE, Template
from gitreceive.adapters.web.client import USUAL_RETRIES, Retries, Web, reading, whole
from gitreceive.adapters.web.incoming import PIECE
from gitreceive.adapters.web.refusal import Refused
from gitreceive.adapters.web.request import PORTS, Request, public
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError

GONE = (404, 410)


class HttpStorage:
    """Objects at the URLs that ``template`` makes of their names; satisfies the ``Storage`` port."""

    def __init__(
        self,
        template: Template,
        credentials: Credentials,
        sent: Sent | None,
        retries: Retries = USUAL_RETRIES,
    ) -> None:
        self._template = template
        self._sent = sent
        self._credentials = credentials
        self._web = Web(retries)

    @classmethod
    def from_url(
        cls,
        url: str,
        secrets: Secrets,
        folder: Path | None = None,
        versions: Versions | None = None,
        retries: Retries = USUAL_RETRIES,
    ) -> 'HttpStorage':
        """``https://host/slugs`` or ``https://host/{app}-{sha256}.tgz``. Raises SettingsError, also for a secret in it.

        ``folder`` is for the names of what is sent, ``versions`` for a template with ``{version}``.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise SettingsError(f'storage.url = {public(url)!r}: this is no URL, as {EXAMPLE} is') from error
        if not usable:
            raise SettingsError(f'storage.url = {public(url)!r}: a host is expected, for example {EXAMPLE}')
        if '@' in parts.netloc or parts.query or parts.fragment:
            raise SettingsError(
                f'storage.url = {public(url)!r}: user, password and query do not belong into the URL, which is shown to '
                'pushers: put them into the file that the setting storage.secrets names'
            )
        template = Template(url)
        template.check()
        return cls(template, secrets.of(url), _sent(template, folder, versions), retries)

    def put(self, name: str, file: Path) -> str:
        """See the port. Atomic as far as the server is; whoever stores a slug reads it back."""
        self.url(name)
        if self._sent:
            self._sent.note(name)
        self._web.call(self._request('PUT', name, file), whole)
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        version = self._sent.version(name) if self._sent else 0
        return self._template.fill(name, version)

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
        if not self._sent:
            raise StorageError(f'{public(self._template.text)}: what is there is known to its receiver only')
        return self._sent.list(prefix)

    def delete(self, name: str) -> None:
        """See the port. Raises Refused where the server does not allow it."""
        request = self._request('DELETE', name)
        if self._sent and not self._sent.owns(name):
            return
        try:
            self._web.call(request, whole)
        except Refused as refusal:
            if refusal.status not in GONE:
                raise
        if self._sent:
            self._sent.forget(name)

    def sweep(self) -> int:
        """See the port: what a broken PUT leaves there is the server's own."""
        return self._sent.sweep() if self._sent else 0

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


def _sent(template: Template, folder: Path | None, versions: Versions | None) -> Sent | None:
    numbered = 'version' in template.fields
    if numbered and not (folder and versions):
        raise SettingsError(f"storage.url = {template.text!r}: {{version}} needs the receiver's journal")
    if not folder:
        return None
    return Sent(folder, versions if numbered else None, alone=numbered and 'sha256' not in template.fields)


def _digest(response: requests.Response) -> str:
    digest, read = hashlib.sha256(), reading(response)
    while piece := read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
