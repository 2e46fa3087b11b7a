"""Google Cloud Storage: who we are there, and how the service makes an object of others, which obstore cannot ask for."""

import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import google.auth
from google.auth.transport.requests import Request as Asking

from gitreceive.adapters.storage.composer import TEMPORARY
from gitreceive.adapters.web.client import USUAL_RETRIES, Retries, Web, whole
from gitreceive.adapters.web.request import Request
from gitreceive.model.errors import StorageError

SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'
ENDPOINT = 'https://storage.googleapis.com'
MOST = 32
"""Objects that one request puts in a row (https://cloud.google.com/storage/docs/composing-objects)."""


class Tokens:
    """Access tokens, by the credentials that Google's tools would use; they are looked for when they are needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None

    def __call__(self) -> Any:
        """What obstore expects of a provider. Raises GoogleAuthError."""
        with self._lock:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[SCOPE])
            if not self._credentials.valid:
                self._credentials.refresh(Asking())
            expiry: datetime | None = self._credentials.expiry
            return {
                'token': self._credentials.token,
                'expires_at': expiry.replace(tzinfo=UTC) if expiry else None,
            }


class GoogleComposer:
    """Satisfies ``Composer`` for objects below ``prefix`` of a bucket."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        tokens: Callable[[], Any],
        endpoint: str = ENDPOINT,
        retries: Retries = USUAL_RETRIES,
    ) -> None:
        self._objects = f'{endpoint.rstrip("/")}/storage/v1/b/{quote(bucket, safe="")}/o'
        self._prefix = f'{prefix}/' if prefix else ''
        self._tokens = tokens
        self._web = Web(retries)

    def compose(self, name: str, parts: Sequence[str]) -> None:
        """See ``Composer``. Of more than 32 parts the first ones become a temporary object."""
        rest, temporary = list(parts), f'{TEMPORARY}/{uuid.uuid4().hex}'
        try:
            while len(rest) > MOST:
                self._call('POST', temporary, rest[:MOST])
                rest = [temporary, *rest[MOST:]]
            self._call('POST', name, rest)
        finally:
            if rest[0] == temporary:
                with contextlib.suppress(StorageError):  # a sweep removes it
                    self._call('DELETE', temporary)

    def _call(self, method: str, name: str, parts: Sequence[str] = ()) -> None:
        url = f'{self._objects}/{quote(self._prefix + name, safe="")}'
        told = {'sourceObjects': [{'name': self._prefix + part} for part in parts]}
        request = Request(
            method=method,
            url=f'{url}/compose' if parts else url,
            headers={'Content-Type': 'application/json'} if parts else {},
            secrets={'Authorization': f'Bearer {self._tokens()["token"]}'},
            body=json.dumps(told).encode() if parts else b'',
        )
        self._web.call(request, whole)
