"""The tables of the journal, and the statement that adds a row to one of them."""

from collections.abc import Collection, Mapping

SCHEMA = """
CREATE TABLE apps (
    name TEXT PRIMARY KEY, deploy_branch TEXT NOT NULL, live_release INTEGER, created REAL NOT NULL,
    stopped INTEGER NOT NULL DEFAULT 0, maintenance INTEGER NOT NULL DEFAULT 0, sticky INTEGER NOT NULL DEFAULT 0,
    locked TEXT NOT NULL DEFAULT '', stack TEXT NOT NULL DEFAULT '');
CREATE TABLE formation (
    app TEXT NOT NULL, process TEXT NOT NULL, count INTEGER NOT NULL, memory INTEGER, cpus REAL,
    PRIMARY KEY (app, process));
CREATE TABLE domains (name TEXT PRIMARY KEY, app TEXT NOT NULL, created REAL NOT NULL);
CREATE INDEX domains_by_app ON domains (app);
CREATE TABLE config_vars (
    app TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (app, name));
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE allowed_paths (app TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (app, path));
CREATE TABLE operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
    actor TEXT NOT NULL, key TEXT NOT NULL, session TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 1, live INTEGER,
    created REAL NOT NULL, started REAL, finished REAL);
CREATE INDEX operations_by_app ON operations (app, number);
CREATE INDEX unfinished_operations ON operations (state) WHERE state IN ('announced', 'queued', 'running');
CREATE TABLE slugs (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE releases (
    app TEXT NOT NULL, version INTEGER NOT NULL, operation INTEGER NOT NULL, state TEXT NOT NULL,
    description TEXT NOT NULL, commit_id TEXT NOT NULL, slug TEXT NOT NULL, processes TEXT NOT NULL,
    versions TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, actor TEXT NOT NULL, key TEXT NOT NULL,
    buildpack TEXT NOT NULL, stack TEXT NOT NULL, running TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (app, version));
CREATE UNIQUE INDEX releases_by_operation ON releases (operation);
CREATE TABLE clean_members (
    app TEXT NOT NULL, sha256 TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (app, sha256));
CREATE TABLE documents (
    app TEXT NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (app, slug, kind));
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL,
    actor TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX events_by_app ON events (app, number);
"""

SCHEMA_VERSION = 4
"""1 and 2 were the schemas of ``history.db``; ``migration`` reads them. ``UPGRADES`` has what came after 3."""

UPGRADES: Mapping[int, str] = {
    3: """
ALTER TABLE apps ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN maintenance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN sticky INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN locked TEXT NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN stack TEXT NOT NULL DEFAULT '';
ALTER TABLE releases ADD COLUMN running TEXT NOT NULL DEFAULT '{}';
CREATE TABLE formation (
    app TEXT NOT NULL, process TEXT NOT NULL, count INTEGER NOT NULL, memory INTEGER, cpus REAL,
    PRIMARY KEY (app, process));
CREATE TABLE domains (name TEXT PRIMARY KEY, app TEXT NOT NULL, created REAL NOT NULL);
CREATE INDEX domains_by_app ON domains (app);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
""",
}
"""What makes the next schema of each: carried out in one transaction.

``config_vars.value`` and ``releases.config`` are encrypted (``cipher``) from schema 4 on; ``secrets`` has what tells
whether the key is the right one, and whether all that was not encrypted is gone from the file.
"""


def insertion(table: str, columns: Collection[str]) -> str:
    """The statement that adds a row; the values of those columns are its parameters."""
    return f'INSERT INTO {table} ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})'
