"""What was released, and with which config vars."""

import json
import sqlite3
from collections.abc import Mapping

from gitreceive.journal.database import Database
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Build, Commit, Pusher
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug


class Releases(Database):
    """Releases, numbered for each app."""

    def record_release(self, build: Build, release: Release, config: Mapping[str, str]) -> Release:
        """Gives the release its version, and ends its build, in one transaction.

        Raises ReleaseError if the build is not running any more (it was cancelled meanwhile).
        """
        with self._transaction() as db:
            done = db.execute(
                "UPDATE builds SET state = 'succeeded', finished = ? WHERE number = ? AND state = 'running'",
                (release.created, build.number),
            )
            if done.rowcount != 1:
                raise ReleaseError(f'build {build.number} is not running any more')
            slug = release.slug
            row = db.execute(
                'INSERT INTO releases SELECT ?1, COALESCE(MAX(version), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,'
                ' ?11, ?12, ?13, ?14 FROM releases WHERE app = ?1 RETURNING *',
                (
                    *(release.app, release.build, release.commit, slug.url, slug.sha256, slug.size),
                    json.dumps({process.name: process.command for process in release.processes}),
                    *(json.dumps(dict(release.versions)), json.dumps(dict(config)), release.created),
                    *(release.pusher.name, release.pusher.key, release.buildpack, release.stack),
                ),
            ).fetchone()
            return _release(row)

    def release_of(self, build: int) -> Release | None:
        """The release that a build made, or None."""
        for row in self._rows('SELECT * FROM releases WHERE build = ?', build):
            return _release(row)
        return None

    def releases(self, app: AppName, limit: int = 20) -> list[Release]:
        """The newest releases, newest first; the first one is what the app runs."""
        rows = self._rows('SELECT * FROM releases WHERE app = ? ORDER BY version DESC LIMIT ?', app, limit)
        return [_release(row) for row in rows]

    def release(self, app: AppName, version: int) -> Release | None:
        """One release, or None."""
        for row in self._rows('SELECT * FROM releases WHERE app = ? AND version = ?', app, version):
            return _release(row)
        return None

    def released_config(self, release: Release) -> dict[str, str]:
        """The config vars that a release was built with."""
        values = (release.app, release.version)
        for row in self._rows('SELECT config FROM releases WHERE app = ? AND version = ?', *values):
            return dict(json.loads(row['config']))
        return {}

    def versions(self, app: AppName, sha256: str) -> tuple[int | None, int]:
        """The first release that has this slug, if there is one, and the number that the next release will get."""
        query = (
            'SELECT MIN(CASE sha256 WHEN ?2 THEN version END) AS first, COALESCE(MAX(version), 0) + 1 AS next'
            ' FROM releases WHERE app = ?1'
        )
        (row,) = self._rows(query, app, sha256)
        return row['first'], row['next']

    def current(self, app: AppName) -> Release | None:
        """What the app runs."""
        return next(iter(self.releases(app, 1)), None)


def _release(row: sqlite3.Row) -> Release:
    processes = json.loads(row['processes'])
    return Release(
        app=AppName(row['app']),
        version=row['version'],
        build=row['build'],
        commit=Commit(row['commit_id']),
        slug=StoredSlug(url=row['url'], sha256=row['sha256'], size=row['size']),
        processes=tuple(ProcessType(name=name, command=command) for name, command in processes.items()),
        versions=json.loads(row['versions']),
        created=row['created'],
        pusher=Pusher(name=row['pusher'], key=row['key']),
        buildpack=row['buildpack'],
        stack=row['stack'],
    )
