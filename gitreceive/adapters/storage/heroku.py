"""A platform as a storage: a slug and its facts become a slug there, and a release.

The platform keeps slugs without their facts, under names of its own. So the facts, and what the platform called each
slug, are kept in a directory here; the bytes wait there until both have come, and are at the platform after that.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from gitreceive.adapters.platform.heroku import HEROKU, HerokuPlatform
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.names import checked
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError
from gitreceive.model.platform import NewSlug

SLUG, FACTS, RECORD = '.tgz', '.json', '.slug'
OPTIONS = ('app', 'stack')
EXAMPLE = f'heroku:{HEROKU}?app={{app}}-production&stack=heroku-24'


class HerokuStorage:
    """Satisfies the ``Storage`` port. Nothing is ever deleted at the platform: its API has no such request."""

    def __init__(self, platform: HerokuPlatform, folder: Path, app: str = '{app}', stack: str = '') -> None:
        self._platform = platform
        self._folder = folder
        self._here = FileStorage(folder)
        self._app = app
        self._stack = stack

    @classmethod
    def from_url(cls, url: str, folder: Path, environ: Mapping[str, str]) -> 'HerokuStorage':
        """``heroku:``, or ``heroku:https://address?app={app}-production&stack=heroku-24``. Raises SettingsError."""
        address, _, query = url.removeprefix('heroku:').partition('?')
        options = dict(parse_qsl(query, keep_blank_values=True))
        if not set(options) <= set(OPTIONS) or '{' in options.get('app', '').replace('{app}', ''):
            raise SettingsError(
                f'storage.url = heroku:{urlsplit(address).hostname or ""}: as {EXAMPLE} is expected'
            )
        return cls(HerokuPlatform.from_environment(address, environ), folder, **options)

    def put(self, name: str, file: Path) -> str:
        """See the port. The second of a slug and its facts makes the release."""
        self._here.put(name, file)
        base, ending = _split(name)
        if ending in (SLUG, FACTS) and {base + SLUG, base + FACTS} <= set(self._here.list(base)):
            self._publish(base)
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        return f'heroku:{self._platform.address}/{checked(name)}'

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See the port. The facts of a slug that did not get to the platform are not there: they have to come again."""
        base, ending = _split(name)
        known = set(self._here.list(base))
        if ending == FACTS and base + SLUG in known and base + RECORD not in known:
            raise NoSuchObject(f'{self.url(name)}: the slug did not become a release there')
        if ending == SLUG and name not in known and base + RECORD in known:
            record = self._read(base + RECORD)
            with self._platform.open(self._platform.slug(record['app'], record['slug'])) as stream:
                yield stream
            return
        with self._here.open(name) as stream:
            yield stream

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port."""
        known = {
            base + (SLUG if ending == RECORD else ending) for base, ending in map(_split, self._here.list())
        }
        return (name for name in sorted(known) if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """See the port: what is known here of it."""
        base, ending = _split(name)
        self._here.delete(name)
        if ending == SLUG:
            self._here.delete(base + RECORD)

    def sweep(self) -> int:
        """See the port."""
        return self._here.sweep()

    def _publish(self, base: str) -> None:
        facts = self._read(base + FACTS)
        app = self._app.format(app=base.partition('/')[0])
        slug = NewSlug(
            processes=facts.get('process_types') or {},
            sha256=str(facts.get('sha256', '')),
            commit=str(facts.get('commit', '')),
            stack=self._stack,
            buildpack=str(facts.get('buildpack', '')),
        )
        release = self._platform.publish(app, slug, self._folder / (base + SLUG))
        self._write(base + RECORD, {'app': app, 'slug': release.slug, 'version': release.version})
        self._here.delete(base + SLUG)

    def _read(self, name: str) -> dict[str, Any]:
        with self._here.open(name) as stream:
            try:
                return dict(json.loads(stream.read()))
            except (ValueError, TypeError) as error:
                raise StorageError(
                    f'{self._folder / name} is damaged: it is not the JSON that was written'
                ) from error

    def _write(self, name: str, facts: Mapping[str, object]) -> None:
        with NamedTemporaryFile() as file:
            file.write(json.dumps(facts).encode())
            file.flush()
            self._here.put(name, Path(file.name))


def _split(name: str) -> tuple[str, str]:
    base, dot, ending = checked(name).rpartition('.')
    return (base, dot + ending) if dot else (name, '')
