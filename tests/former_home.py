"""A home as the version before operations made it: ``history.db`` and stored slugs, with what a year leaves behind."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from gitreceive.config.home import Home
from tests.packing import packed, sha256

FIRST_SCHEMA = """
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE builds (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, ref TEXT NOT NULL,
    old TEXT NOT NULL, new TEXT NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, options TEXT NOT NULL,
    state TEXT NOT NULL, cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1,
    created REAL NOT NULL, started REAL, finished REAL);
CREATE INDEX builds_by_app ON builds (app, number);
CREATE INDEX live_builds ON builds (state) WHERE state IN ('queued', 'running');
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, build INTEGER NOT NULL UNIQUE, commit_id TEXT NOT NULL,
    url TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, processes TEXT NOT NULL, versions TEXT NOT NULL,
    config TEXT NOT NULL, created REAL NOT NULL, pusher TEXT NOT NULL, key TEXT NOT NULL, buildpack TEXT NOT NULL,
    stack TEXT NOT NULL, PRIMARY KEY (app, version));
PRAGMA user_version = 1;
"""
"""Letter by letter as that version made it."""

SECOND_SCHEMA = """
CREATE TABLE allowed_paths (app TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (app, path));
CREATE TABLE clean_members (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE documents (
    app TEXT NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (app, slug, kind));
PRAGMA user_version = 2;
"""

RELEASES = 30
KEY = 'SHA256:k'


class FormerHome:
    """30 releases of hello (or fewer), the last of them a rollback to v28; failed, superseded, cancelled and running builds."""

    def __init__(self, folder: Path, schema: int = 2, releases: int = RELEASES) -> None:
        self.home, self.objects = Home(folder), folder / 'slugs'
        self._releases = releases
        self.home.daemon.mkdir(parents=True)
        self.slugs: dict[int, tuple[str, int]] = {}
        with closing(sqlite3.connect(self.home.history_db, isolation_level=None)) as self._db:
            self._db.execute('PRAGMA journal_mode=WAL')
            self._db.executescript(FIRST_SCHEMA + (SECOND_SCHEMA if schema == 2 else ''))
            self._db.execute('BEGIN')
            self._fill(schema)
            self._db.execute('COMMIT')

    def commit(self, number: int) -> str:
        """The commit of a build."""
        return f'{number:040x}'

    def _fill(self, schema: int) -> None:
        back = self._releases - 2
        for app in ('hello', 'other'):
            self._db.execute("INSERT INTO apps VALUES (?, 'refs/heads/main', 1.5)", (app,))
        self._db.execute(
            "INSERT INTO config_vars VALUES ('hello', 'DATABASE_URL', 'postgres://u:p@h/db?x=1')"
        )
        self._build('hello', 'failed', 'failed in "npm ci" (exit 1)')
        for version in range(1, self._releases):
            self._released(
                version, self._build('hello', 'succeeded', options='nocache' if version == 7 else '')
            )
            if version % 10 == 0:
                self._build('hello', 'superseded', 'superseded by build 99 (abcdef0)')
                self._build('other', 'cancelled', 'cancelled by bob')
        self._build('hello', 'failed', 'no')
        rollback = self._build('hello', 'succeeded', options=f'rollback={back}', new=self._commit_of(back))
        self._released(self._releases, rollback, of=back)
        self._build('hello', 'running')
        self._build('other', 'queued')
        if schema == 2:
            slug = self.slugs[self._releases][0]
            self._db.execute("INSERT INTO allowed_paths VALUES ('hello', '/app/src/test/key.pem')")
            self._db.execute("INSERT INTO clean_members VALUES ('hello', 'ab', 'rules')")
            self._db.execute("INSERT INTO documents VALUES ('hello', ?, '.sbom.json', 'cd')", (slug,))

    def _build(self, app: str, state: str, cause: str = '', options: str = '', new: str = '') -> int:
        (number,) = self._db.execute('SELECT COALESCE(MAX(number), 0) + 1 FROM builds').fetchone()
        ended = None if state in ('running', 'queued') else number * 100.0 + 9
        started = None if state == 'queued' else number * 100.0 + 1
        self._db.execute(
            "INSERT INTO builds VALUES (?, ?, 'refs/heads/main', ?, ?, 'ann', ?, ?, ?, ?, 1, ?, ?, ?)",
            (
                *(
                    number,
                    app,
                    self.commit(number - 1),
                    new or self.commit(number),
                    KEY,
                    options,
                    state,
                    cause,
                ),
                *(number * 100.0, started, ended),
            ),
        )
        return int(number)

    def _released(self, version: int, build: int, of: int = 0) -> None:
        commit = self._commit_of(of) if of else self.commit(build)
        self.slugs[version] = digest, size = self.slugs[of] if of else self._stored(version, commit)
        self._db.execute(
            "INSERT INTO releases VALUES ('hello', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ann', ?, 'node', 'cedar-12')",
            (
                *(version, build, commit, f'file:///elsewhere/hello/{digest}.tgz', digest, size),
                *('{"web": "node ."}', '{"node": "22.1.0"}', json.dumps({'V': str(version)})),
                *(build * 100.0 + 9, KEY),
            ),
        )

    def _commit_of(self, version: int) -> str:
        query = 'SELECT commit_id FROM releases WHERE version = ?'
        return str(self._db.execute(query, (version,)).fetchone()[0])

    def _stored(self, version: int, commit: str) -> tuple[str, int]:
        content = packed({'src/version': b'%d' % version})
        digest, folder = sha256(content), self.objects / 'hello'
        folder.mkdir(parents=True, exist_ok=True)
        facts = {'app': 'hello', 'commit': commit, 'sha256': digest, 'size': len(content), 'members': []}
        (folder / f'{digest}.tgz').write_bytes(content)
        (folder / f'{digest}.json').write_text(json.dumps(facts))
        return digest, len(content)
