"""A Platform API for tests, as strict as the published schema (version 3: app, slug, release) and its blob storage.

It refuses what the real one would: a missing version in ``Accept``, a wrong token, fields that are not in the schema, a
checksum in another form, a blob with a Content-Type (its signed URL covers an empty one), without a Content-Length, or
with an Authorization header beside the signature; a release of a slug whose bytes never came.
"""

import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.http_server import Handler, Server

TOKEN = '01234567-89ab-cdef-0123-456789abcdef'
KEY = b'the key of the blob storage'
MEDIA = 'application/vnd.heroku+json; version=3'
NEW_SLUG = {
    'process_types': (dict,),
    'checksum': (str, type(None)),
    'commit': (str, type(None)),
    'commit_description': (str, type(None)),
    'buildpack_provided_description': (str, type(None)),
    'stack': (str,),
}
NEW_RELEASE = {'slug': (str,), 'description': (str,)}
PROCESS_TYPE = re.compile(r'[-\w]{1,128}')
CHECKSUM = re.compile(r'SHA256:[0-9a-f]{64}')
STACK = {'id': str(uuid.uuid5(uuid.NAMESPACE_DNS, 'cedar-14')), 'name': 'cedar-14'}


class PlatformServer(Server):
    """Apps by name, each with its ``slugs`` and ``releases``; the blobs are in ``objects``. ``status`` is that of new releases."""

    status = 'succeeded'

    def __init__(self, *apps: str) -> None:
        super().__init__(PlatformHandler)
        self.apps: dict[str, str] = {name: str(uuid.uuid4()) for name in apps}
        self.slugs: dict[str, dict[str, Any]] = {}
        self.releases: list[dict[str, Any]] = []

    def signed(self, method: str, slug_id: str) -> str:
        expires = str(int(time.time()) + 3600)
        return f'{self.address}/blobs/{slug_id}.tgz?Expires={expires}&Signature={signature(method, "", slug_id, expires)}'


class PlatformHandler(Handler):
    """One request."""

    server: PlatformServer

    def respond(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        if path.startswith('/blobs/'):
            self.blob(path.removeprefix('/blobs/').removesuffix('.tgz'), body)
            return
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                self.asked(action, found['app'], found.groupdict().get('id') or self.parsed(body))
                return
        self.refuse(
            404, 'not_found', 'The requested API endpoint was not found. Are you using the right HTTP verb?'
        )

    def asked(self, action: Callable[['PlatformHandler', str, Any], None], app: str, told: Any) -> None:
        if 'version=3' not in self.headers.get('Accept', ''):
            self.refuse(406, 'not_acceptable', "Please specify a version along with Heroku's API MIME type.")
        elif self.headers.get('Authorization') != f'Bearer {TOKEN}':
            self.refuse(401, 'unauthorized', 'Invalid credentials provided.')
        elif app not in self.server.apps:
            self.refuse(404, 'not_found', "Couldn't find that app.")
        elif told is None:
            self.refuse(400, 'bad_request', 'Unable to parse the JSON request')
        else:
            action(self, app, told)

    def parsed(self, body: bytes) -> Any:
        if self.headers.get('Content-Type') != 'application/json':
            return None
        try:
            return json.loads(body)
        except ValueError:
            return None

    def create_slug(self, app: str, told: Any) -> None:
        wrong = violations(told, NEW_SLUG, 'process_types') or wrong_slug(told)
        if wrong:
            self.refuse(422, 'invalid_params', wrong)
            return
        now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        slug = {name: told.get(name) for name in NEW_SLUG}
        slug |= {'id': str(uuid.uuid4()), 'size': None, 'stack': STACK, 'created_at': now, 'updated_at': now}
        self.server.slugs[slug['id']] = slug
        self.tell(201, self.with_blob(slug, 'PUT'))

    def read_slug(self, app: str, slug_id: str) -> None:
        slug = self.server.slugs.get(slug_id)
        if slug is None:
            self.refuse(404, 'not_found', "Couldn't find that slug.")
            return
        self.tell(200, self.with_blob(slug, 'GET'))

    def create_release(self, app: str, told: Any) -> None:
        slug = self.server.slugs.get(str(told.get('slug')))
        wrong = violations(told, NEW_RELEASE, 'slug')
        if wrong or slug is None:
            self.refuse(422, 'invalid_params', wrong or "Couldn't find that slug.")
        elif f'/blobs/{slug["id"]}.tgz' not in self.server.objects:
            self.refuse(422, 'invalid_params', 'The slug has no bytes: upload it to its blob URL first.')
        else:
            self.tell(201, self.released(app, slug, told.get('description', 'Deploy')))

    def released(self, app: str, slug: dict[str, Any], description: str) -> dict[str, Any]:
        now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        mine = [release for release in self.server.releases if release['app']['name'] == app]
        release = {
            'addon_plan_names': [],
            'app': {'id': self.server.apps[app], 'name': app},
            'created_at': now,
            'description': description,
            'id': str(uuid.uuid4()),
            'updated_at': now,
            'slug': {'id': slug['id']},
            'status': self.server.status,
            'user': {'id': str(uuid.uuid4()), 'email': 'someone@example.com'},
            'version': len(mine) + 1,
            'current': True,
            'output_stream_url': None,
        }
        self.server.releases.append(release)
        return release

    def blob(self, slug_id: str, body: bytes) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        kind = self.headers.get('Content-Type', '')
        wanted = signature(self.command, kind, slug_id, query.get('Expires', ''))
        if self.headers.get('Authorization'):
            self.deny(400, 'InvalidArgument', 'Only one auth mechanism allowed')
        elif not hmac.compare_digest(wanted, query.get('Signature', '')):
            self.deny(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match')
        elif self.command == 'PUT' and 'Content-Length' not in self.headers:
            self.deny(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
        else:
            super().respond(body)

    def with_blob(self, slug: dict[str, Any], method: str) -> dict[str, Any]:
        return {**slug, 'blob': {'method': method, 'url': self.server.signed(method, slug['id'])}}

    def tell(self, status: int, told: dict[str, Any]) -> None:
        self.answer(status, json.dumps(told).encode(), {'Content-Type': MEDIA, 'RateLimit-Remaining': '4500'})

    def refuse(self, status: int, code: str, message: str) -> None:
        self.tell(status, {'id': code, 'message': message})

    def deny(self, status: int, code: str, message: str) -> None:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        self.answer(status, text.encode(), {'Content-Type': 'application/xml'})


ROUTES: tuple[tuple[str, str, Callable[[PlatformHandler, str, Any], None]], ...] = (
    ('POST', r'/apps/(?P<app>[^/]+)/slugs', PlatformHandler.create_slug),
    ('GET', r'/apps/(?P<app>[^/]+)/slugs/(?P<id>[^/]+)', PlatformHandler.read_slug),
    ('POST', r'/apps/(?P<app>[^/]+)/releases', PlatformHandler.create_release),
)


def signature(method: str, content_type: str, slug_id: str, expires: str) -> str:
    """The signature covers what S3's query string authentication covers: method, Content-Type, expiry, resource."""
    text = f'{method}\n\n{content_type}\n{expires}\n/{slug_id}'
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def violations(told: Any, schema: dict[str, tuple[type, ...]], required: str) -> str:
    if not isinstance(told, dict) or required not in told:
        return f'{required} is required'
    for name, value in told.items():
        if name not in schema:
            return f'{name} is not a field'
        if not isinstance(value, schema[name]):
            return f'{name} has the wrong type'
    return ''


def wrong_slug(told: dict[str, Any]) -> str:
    for name, command in told['process_types'].items():
        if not PROCESS_TYPE.fullmatch(name) or not isinstance(command, str):
            return f'process_types: {name} is invalid'
    if told.get('checksum') and not CHECKSUM.fullmatch(told['checksum']):
        return 'checksum must be "SHA256:" and 64 hexadecimal digits'
    if told.get('stack') not in (None, *STACK.values()):
        return 'Stack not found.'
    return ''
