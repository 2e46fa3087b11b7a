"""What verbs answer with: tables for people, JSON for machines, and the rows of builds and releases."""

import json
import time
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime

from gitreceive.daemon.verdict import seconds
from gitreceive.model.operation import Operation
from gitreceive.model.release import Release
from gitreceive.model.text import harmless, megabytes

Answering = Generator[bytes, None, int]
"""Text, and at its end an exit status."""


def listed(rows: Sequence[dict[str, object]], as_json: bool) -> Answering:
    """A table with a line for each row, or JSON. All rows have the keys of the first."""
    if as_json:
        yield json.dumps(rows, indent=2).encode() + b'\n'
        return 0
    yield ''.join(f'{line}\n' for line in _columns(rows)).encode()
    return 0


def build_row(build: Operation, release: Release | None) -> dict[str, object]:
    """An operation, and the release that it has made."""
    took = seconds(build)
    if took is None:
        took = round(time.time() - build.started, 2) if build.started else 0.0
    return {
        'build': build.number,
        'app': build.app,
        'commit': build.commit[:7],
        'status': build.state.value,
        'release': f'v{release.version}' if release else None,
        'seconds': took,
        'by': build.actor.name,
        'at': _when(build.created),
        'cause': build.cause,
    }


def release_row(release: Release, url: str, as_json: bool) -> dict[str, object]:
    """A release, whose slug is at ``url``; whole for machines, in few words for people."""
    row: dict[str, object] = {
        'release': f'v{release.version}',
        'commit': release.commit[:7],
        'build': release.operation,
        'size': megabytes(release.slug.size),
        'sha256': release.slug.sha256[:12],
        'by': release.actor.name,
        'at': _when(release.created),
        'versions': ', '.join(f'{tool} {version}' for tool, version in release.versions.items()),
    }
    if as_json:
        processes = {process.name: process.command for process in release.processes}
        row |= {'commit': release.commit, 'size': release.slug.size, 'sha256': release.slug.sha256}
        row |= {'url': url, 'processes': processes, 'versions': dict(release.versions)}
        row |= {'version': release.version, 'buildpack': release.buildpack, 'stack': release.stack}
    return row


def _columns(rows: Sequence[dict[str, object]]) -> Iterable[str]:
    if not rows:
        return ['nothing yet']
    table = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _cell(value: object) -> str:
    """One line; what a build says of its versions, or somebody's config var, is a stranger's to the sysadmin."""
    text = '' if value is None else str(value).partition('\n')[0]
    return harmless(text)[:80] or '-'


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
