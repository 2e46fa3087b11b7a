"""The Platform API, as far as slugs go: https://devcenter.heroku.com/articles/platform-api-deploying-slugs.

Heroku, or any address that speaks the same: create a slug, put its bytes where the answer says, create a release.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from requests.utils import get_netrc_auth

from gitreceive.adapters.web.client import USUAL_RETRIES, Retries, Web, whole
from gitreceive.adapters.web.request import Request, nothing, public
from gitreceive.model.errors import SettingsError, StorageError
from gitreceive.model.platform import NewSlug, PlatformRelease

HEROKU = 'https://api.heroku.com'
TOKEN = 'HEROKU_API_KEY'
ACCEPT = 'application/vnd.heroku+json; version=3'
VISIBLE = re.compile('[!-~]+')
"""What a token is made of: it goes into a header, and a header that cannot be sent is shown in the error."""

LOCAL = ('localhost', '127.0.0.1', '::1')


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSlug:
    """A slug at the platform. ``blob`` is a signed URL, for ``method`` (``put`` when new, ``get`` later): a secret."""

    id: str
    checksum: str
    method: str
    blob: str


class HerokuPlatform:
    """A client for one address and one token. Satisfies the ``Platform`` port. All of it raises StorageError, with the platform's own words."""

    def __init__(self, address: str, token: str, retries: Retries = USUAL_RETRIES) -> None:
        self.address = _checked(address)
        self._secrets = {'Authorization': f'Bearer {token}'}
        self._web = Web(retries)

    @classmethod
    def from_environment(cls, address: str, environ: Mapping[str, str]) -> 'HerokuPlatform':
        """With the token of ``HEROKU_API_KEY``, else of the host's line in ``.netrc``. Raises SettingsError."""
        address = _checked(address)
        login = get_netrc_auth(address)
        token = environ.get(TOKEN, '').strip() or (login[1] if login else '')
        if not token:
            raise SettingsError(
                f'no token for {address}: set {TOKEN}, or add to ~/.netrc: '
                f'machine {urlsplit(address).hostname} login YOU password TOKEN'
            )
        if not VISIBLE.fullmatch(token):
            raise SettingsError(
                f'the token for {address} has blanks or characters that are not ASCII: copy it again'
            )
        return cls(address, token)

    def publish(
        self, app: str, slug: NewSlug, file: Path, progress: Callable[[int], None] = nothing
    ) -> PlatformRelease:
        """All three steps: the slug is created, its bytes are sent, and it is released."""
        made = self.create_slug(app, slug)
        self.send(made, file, progress)
        return self.create_release(app, made.id, f'Deploy {slug.commit[:8]} {slug.commit_note}'.strip())

    def create_slug(self, app: str, slug: NewSlug) -> PlatformSlug:
        """A slug without bytes yet. Without a ``stack`` the platform takes the app's own."""
        told: dict[str, object] = {
            'process_types': dict(slug.processes),
            'checksum': f'SHA256:{slug.sha256}',
            'commit': slug.commit or None,
        }
        told |= {'commit_description': slug.commit_note} if slug.commit_note else {}
        told |= {'stack': slug.stack} if slug.stack else {}
        told |= {'buildpack_provided_description': slug.buildpack} if slug.buildpack else {}
        return _slug(self._ask('POST', f'/apps/{quote(app, safe="")}/slugs', told))

    def send(self, slug: PlatformSlug, file: Path, progress: Callable[[int], None] = nothing) -> None:
        """Puts the bytes where the platform said.

        The signature of the address covers an empty Content-Type, so that has to be sent; the token must not be.
        """
        if slug.method.upper() != 'PUT':
            raise StorageError(f'slug {slug.id} has its bytes already')
        address, _, query = slug.blob.partition('?')
        headers = {'Content-Type': ''}
        request = Request(
            method='PUT', url=address, query=query, headers=headers, body=file, progress=progress
        )
        self._web.call(request, whole)

    def slug(self, app: str, slug_id: str) -> PlatformSlug:
        """A slug that is there; its ``blob`` can be read."""
        return _slug(self._ask('GET', f'/apps/{quote(app, safe="")}/slugs/{quote(slug_id, safe="")}'))

    def create_release(self, app: str, slug_id: str, description: str) -> PlatformRelease:
        """Makes the slug what the app runs. Not repeated where it may have been done already."""
        told = {'slug': slug_id, 'description': description}
        return _release(self._ask('POST', f'/apps/{quote(app, safe="")}/releases', told, repeatable=False))

    def open(self, slug: PlatformSlug) -> AbstractContextManager[IO[bytes]]:
        """A stream of the bytes of a slug that ``slug`` gave."""
        address, _, query = slug.blob.partition('?')
        return self._web.stream(Request(method='GET', url=address, query=query))

    def _ask(
        self, method: str, path: str, told: Mapping[str, object] | None = None, *, repeatable: bool = True
    ) -> Any:
        headers = {'Accept': ACCEPT, 'Content-Type': 'application/json'}
        body = json.dumps(told).encode() if told is not None else b''
        request = Request(
            method=method,
            url=self.address + path,
            headers=headers,
            secrets=self._secrets,
            body=body,
            repeatable=repeatable,
        )
        raw = self._web.call(request, whole)
        try:
            return json.loads(raw)
        except ValueError as error:
            raise StorageError(f'{request}: the answer is no JSON: is this a Platform API?') from error


def _checked(address: str) -> str:
    parts = urlsplit(address.rstrip('/') or HEROKU)
    safe = parts.scheme == 'https' or (parts.scheme == 'http' and parts.hostname in LOCAL)
    if not safe or not parts.hostname or '@' in parts.netloc or parts.query:
        raise SettingsError(
            f'{public(address)!r}: an https: address of a Platform API is expected, such as {HEROKU}'
        )
    return parts.geturl()


def _slug(told: Any) -> PlatformSlug:
    with _expected():
        blob = told['blob']
        return PlatformSlug(
            id=str(told['id']),
            checksum=str(told.get('checksum') or ''),
            method=str(blob['method']),
            blob=str(blob['url']),
        )


def _release(told: Any) -> PlatformRelease:
    with _expected():
        slug = told.get('slug') or {}
        return PlatformRelease(
            id=str(told['id']),
            version=int(told['version']),
            status=str(told['status']),
            slug=str(slug.get('id', '')),
        )


@contextmanager
def _expected() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StorageError(
            f'the answer is not what the Platform API promises: {type(error).__name__} {error}'
        ) from error
