"""Reads the journal of earlier versions, ``history.db``: schema 1, and schema 2 with what slugs were told to hold.

There a rollback was a push with the option ``rollback=N``, and the newest release was the live one.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from gitreceive.journal.requests import encode
from gitreceive.journal.schema import insertion
from gitreceive.model.errors import StateError
from gitreceive.model.operation import Deploy, OperationRequest, Rollback
from gitreceive.model.push import Commit, RefUpdate

KNOWN_SCHEMAS = (1, 2)

ROLLBACK = 'rollback='


def open_former(path: Path) -> sqlite3.Connection:
    """Opens the file to read it only. Raises StateError if it is damaged or of a version that is not known."""
    db = sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    try:
        (schema,) = db.execute('PRAGMA user_version').fetchone()
        (wrong,) = db.execute('PRAGMA quick_check(1)').fetchone()
        if wrong != 'ok':
            raise StateError(f'{path} is damaged ({wrong}); restore it from a backup, then start again')
        if schema not in KNOWN_SCHEMAS:
            raise StateError(
                f'{path} has schema {schema}, and this version knows {KNOWN_SCHEMAS}: install a newer one'
            )
    except BaseException:
        db.close()
        raise
    return db


def copy_former(old: sqlite3.Connection, new: sqlite3.Connection, seal: Callable[[str], str]) -> None:
    """Writes everything that ``old`` holds into the empty tables of ``new``, in the caller's transaction.

    ``seal`` encrypts config vars.
    """
    (schema,) = old.execute('PRAGMA user_version').fetchone()
    live = dict(old.execute('SELECT app, MAX(version) FROM releases GROUP BY app').fetchall())
    _insert(new, 'apps', ({**row, 'live_release': live.get(row['name'])} for row in _rows(old, 'apps')))
    _insert(
        new, 'config_vars', ({**row, 'value': seal(str(row['value']))} for row in _rows(old, 'config_vars'))
    )
    for table in ('allowed_paths', 'clean_members', 'documents') if schema > 1 else ():
        _insert(new, table, _rows(old, table))
    _insert(new, 'operations', (_operation(row, old) for row in _rows(old, 'builds')))
    slugs = old.execute('SELECT DISTINCT app, sha256, size FROM releases').fetchall()
    _insert(new, 'slugs', {(row['app'], row['sha256']): dict(row) for row in slugs}.values())
    _insert(new, 'releases', (_release(row, live, old, seal) for row in _rows(old, 'releases')))


def _rows(db: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    return (dict(row) for row in db.execute(f'SELECT * FROM {table} ORDER BY rowid'))


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, object]]) -> None:
    for row in rows:
        db.execute(insertion(table, row), tuple(row.values()))


def _operation(row: Mapping[str, object], old: sqlite3.Connection) -> dict[str, object]:
    kind, request = encode(_request(row))
    same = ('number', 'app', 'key', 'state', 'cause', 'attempt', 'created', 'started', 'finished')
    return {
        **{name: row[name] for name in same},
        'kind': kind,
        'request': request,
        'actor': row['pusher'],
        'live': _live_when_it_ended(row, old),
    }


def _request(row: Mapping[str, object]) -> OperationRequest:
    options = str(row['options']).split()
    commit = Commit(str(row['new']))
    for option in options:
        if option.startswith(ROLLBACK):
            return Rollback(version=int(option.removeprefix(ROLLBACK)), commit=commit)
    update = RefUpdate(old=Commit(str(row['old'])), new=commit, ref=str(row['ref']))
    return Deploy(update=update, options=frozenset(options))


def _live_when_it_ended(row: Mapping[str, object], old: sqlite3.Connection) -> object:
    query = 'SELECT MAX(version) FROM releases WHERE app = ? AND (created <= ? OR build = ?)'
    if row['finished'] is None:
        return None
    return old.execute(query, (row['app'], row['finished'], row['number'])).fetchone()[0]


def _release(
    row: Mapping[str, object], live: Mapping[str, int], old: sqlite3.Connection, seal: Callable[[str], str]
) -> dict[str, object]:
    same = (
        'app',
        'version',
        'commit_id',
        'processes',
        'versions',
        'created',
        'key',
        'buildpack',
        'stack',
    )
    return {
        **{name: row[name] for name in same},
        'operation': row['build'],
        'state': 'live' if live[str(row['app'])] == row['version'] else 'replaced',
        'description': _description(row, old),
        'slug': row['sha256'],
        'config': seal(str(row['config'])),
        'actor': row['pusher'],
    }


def _description(row: Mapping[str, object], old: sqlite3.Connection) -> str:
    made_by = old.execute('SELECT * FROM builds WHERE number = ?', (row['build'],)).fetchone()
    request = _request(dict(made_by)) if made_by else None
    if isinstance(request, Rollback):
        return f'Rollback to v{request.version}'
    return f'Deploy {str(row["commit_id"])[:7]}'
