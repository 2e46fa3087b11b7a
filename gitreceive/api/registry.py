"""The read-only OCI registry: every kept release is an image ``APP:vN`` (OCI distribution-spec, "Pull").

A WSGI application (PEP 3333). Nothing can be pushed to it, and it tells nothing to who has no right to the app: an app
that is not there and one that may not be read are answered alike.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_range_header
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from gitreceive.api.ports import Key, Readers, ServedImages
from gitreceive.model.access import Actor
from gitreceive.model.app import APP_NAME, AppName
from gitreceive.model.content import Content
from gitreceive.model.errors import GitReceiveError

VERSION = {'Docker-Distribution-Api-Version': 'registry/2.0'}
REALM = {'WWW-Authenticate': 'Basic realm="gitreceive"'}
PIECE = 1 << 18
INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
DIGEST = re.compile('sha(256|512):[0-9a-f]{64,128}')
MAX_TAGS = 10_000
STACK = re.compile(r'stack/([a-z0-9][a-z0-9.-]{0,63})')
"""The image of a stack; no app has a name with a slash."""

URLS = Map(
    [
        Rule('/v2/', endpoint='base'),
        Rule('/v2/<path:name>/tags/list', endpoint='tags'),
        Rule('/v2/<path:name>/manifests/<reference>', endpoint='manifest'),
        Rule('/v2/<path:name>/blobs/<digest>', endpoint='blob'),
        Rule('/v2/<path:name>/referrers/<digest>', endpoint='referrers'),
    ],
    merge_slashes=False,
)


class RegistryError(Exception):
    """An answer that is an error; ``code`` is one of the distribution specification ("Error Codes")."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> Response:
        """The error as the specification wants it."""
        error = {'code': self.code, 'message': self.message, 'detail': None}
        headers = {**VERSION, **(REALM if self.status == 401 else {})}
        return _json({'errors': [error]}, self.status, headers)


class Registry:
    """Answers what registry clients ask for."""

    def __init__(self, images: ServedImages[AppName], readers: Readers, stacks: ServedImages[str]) -> None:
        self._images, self._readers, self._stacks = images, readers, stacks
        self._endpoints: dict[str, Callable[..., Response]] = {
            'base': self._base,
            'tags': self._tags,
            'manifest': self._manifest,
            'blob': self._blob,
            'referrers': self._referrers,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except RegistryError as error:
            response = error.response()
        except GitReceiveError as error:
            response = RegistryError(503, 'UNAVAILABLE', str(error)).response()
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        reader = self._reader(request)
        try:
            endpoint, values = URLS.bind_to_environ(request.environ).match(method='GET')
        except HTTPException as error:
            raise RegistryError(404, 'NAME_UNKNOWN', 'there is nothing at this address') from error
        images = self._images_of(values.get('name'))
        if images is not None and not reader.reaches(images.name):
            raise RegistryError(404, 'NAME_UNKNOWN', f'no app {images.name} that you may read')
        if request.method not in ('GET', 'HEAD'):
            raise RegistryError(
                405, 'UNSUPPORTED', 'images are made by pushes of code; this registry is read-only'
            )
        rest = {key: value for key, value in values.items() if key != 'name'}
        return self._endpoints[endpoint](request, images, **rest)

    def _images_of(self, name: str | None) -> '_Repository | None':
        """Raises RegistryError for what is no name."""
        if name is None:
            return None
        stack = STACK.fullmatch(name)
        if stack:
            return _Repository(name, stack[1], self._stacks)
        if not APP_NAME.fullmatch(name):
            raise RegistryError(404, 'NAME_INVALID', 'this is not the name of an app')
        return _Repository(name, AppName(name), self._images)

    def _reader(self, request: Request) -> Actor:
        """Who asks. Raises RegistryError for a user name and password that open nothing at all."""
        given = request.authorization
        user = (given.username or '') if given and given.type == 'basic' else ''
        password = (given.password or '') if given and given.type == 'basic' else ''
        reader = self._readers.reader(user, password)
        if reader is None:
            raise RegistryError(401, 'UNAUTHORIZED', 'a user name and a token are needed')
        return reader

    def _base(self, request: Request, images: None) -> Response:
        return _json({}, 200, VERSION)

    def _tags(self, request: Request, images: '_Repository') -> Response:
        name, tags = images.name, images.tags()
        if not tags:
            raise RegistryError(404, 'NAME_UNKNOWN', f'no app {name} that you may read')
        after, most = request.args.get('last', ''), request.args.get('n', MAX_TAGS, type=int)
        later = tags[tags.index(after) + 1 :] if after in tags else tags
        page = later[: max(0, most)]
        more = {'Link': f'</v2/{name}/tags/list?n={most}&last={page[-1]}>; rel="next"'}
        return _json(
            {'name': name, 'tags': page},
            200,
            {**VERSION, **(more if page and len(page) < len(later) else {})},
        )

    def _manifest(self, request: Request, images: '_Repository', reference: str) -> Response:
        content = images.manifest(reference)
        if content is None:
            shown = f'{images.name} has no release {reference[:80]!a} that is kept'
            raise RegistryError(404, 'MANIFEST_UNKNOWN', shown)
        with content.open() as stream:
            return Response(stream.read(), 200, _headers(content))

    def _blob(self, request: Request, images: '_Repository', digest: str) -> Response:
        content = images.blob(digest)
        if content is None:
            raise RegistryError(404, 'BLOB_UNKNOWN', f'no image of {images.name} has {digest[:80]!a}')
        headers = {**_headers(content), 'Accept-Ranges': 'bytes', 'Cache-Control': 'max-age=31536000'}
        first, end, status = 0, content.size, 200
        wanted = parse_range_header(request.headers.get('Range'))
        if wanted is not None and wanted.units == 'bytes' and len(wanted.ranges) == 1:
            first, end, status = *_range(wanted, content), 206
            headers['Content-Range'] = f'bytes {first}-{end - 1}/{content.size}'
        headers['Content-Length'] = str(end - first)
        body = () if request.method == 'HEAD' else _stream(content, first, end)
        return Response(body, status, headers, direct_passthrough=True)

    def _referrers(self, request: Request, images: '_Repository', digest: str) -> Response:
        """What refers to a manifest: nothing does."""
        if not DIGEST.fullmatch(digest):
            raise RegistryError(400, 'DIGEST_INVALID', f'{digest[:80]!a} is no digest')
        index = {'schemaVersion': 2, 'mediaType': INDEX_TYPE, 'manifests': []}
        return Response(json.dumps(index), 200, VERSION, content_type=INDEX_TYPE)


class _Repository:
    """The images under a ``name``; ``source`` has them under a ``key``."""

    def __init__(self, name: str, key: Key, source: ServedImages[Key]) -> None:
        self.name = name
        self.tags = partial(source.tags, key)
        self.manifest = partial(source.manifest, key)
        self.blob = partial(source.blob, key)


def _range(wanted: Any, content: Content) -> tuple[int, int]:
    found = wanted.range_for_length(content.size)
    if found is None:
        raise RegistryError(416, 'SIZE_INVALID', f'the range is not within {content.size} bytes')
    return int(found[0]), int(found[1])


def _stream(content: Content, first: int, end: int) -> Iterator[bytes]:
    """The bytes from ``first`` to ``end``; what is before them is read and thrown away where nothing can be skipped."""
    with content.open() as stream:
        at = 0
        while at < end:
            piece = stream.read(min(PIECE, (first if at < first else end) - at))
            if not piece:
                return
            if at >= first:
                yield piece
            at += len(piece)


def _headers(content: Content) -> dict[str, str]:
    return {
        **VERSION,
        'Content-Type': content.media_type,
        'Content-Length': str(content.size),
        'Docker-Content-Digest': content.digest,
        'ETag': f'"{content.digest}"',
    }


def _json(value: object, status: int, headers: dict[str, str]) -> Response:
    return Response(json.dumps(value), status, headers, content_type='application/json')
