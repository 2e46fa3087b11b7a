"""What verbs answer with, as text: tables for people, JSON for machines. Pure but for the clock."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from gitreceive.build.planning import Planned
from gitreceive.build.report import as_record, report_planned
from gitreceive.commands.apps import AppInfo
from gitreceive.commands.builds import BuildInfo
from gitreceive.daemon import log
from gitreceive.daemon.masks import MASK
from gitreceive.daemon.verdict import seconds
from gitreceive.model.access import Actor
from gitreceive.model.operation import Operation, OperationState
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release
from gitreceive.model.text import harmless, megabytes

Row = Mapping[str, object]

MAX_CELL = 80
CUT = '...'


def as_json(value: object) -> str:
    """One JSON document."""
    return json.dumps(value, indent=2) + '\n'


def listed(rows: Sequence[Row], json_wanted: bool, *, cut: bool = True) -> str:
    """A table with a line for each row, or JSON. All rows have the keys of the first. ``cut``: long cells are cut."""
    if json_wanted:
        return as_json(rows)
    if not rows:
        return 'nothing yet\n'
    shown = _cell if cut else _whole_cell
    return _columns([list(rows[0]), *([shown(value) for value in row.values()] for row in rows)])


def described(row: Row, json_wanted: bool) -> str:
    """One record: a line for each of its values, or JSON."""
    if json_wanted:
        return as_json(row)
    return _columns([[name, _cell(value)] for name, value in row.items()])


def lines(*text: str) -> str:
    """Sentences, one a line."""
    return ''.join(f'{line}\n' for line in text)


def app_row(info: AppInfo) -> Row:
    """An app in few words."""
    return {'app': info.app, 'branch': info.branch or '', 'release': info.live.version if info.live else None}


def app_record(info: AppInfo, json_wanted: bool) -> Row:
    """An app and all that is known of it."""
    live, active = info.live, [one.number for one in info.active]
    return {
        **app_row(info),
        'commit': live.commit if live else None,
        'stack': live.stack if live else None,
        'buildpack': live.buildpack if live else None,
        'processes': _several(
            {each.name: each.command for each in live.processes} if live else {}, json_wanted
        ),
        'released': when(live.created) if live else None,
        'building': _several(active, json_wanted),
        'config': _several(list(info.config), json_wanted),
        **_how_it_is_served(info, json_wanted),
    }


def _how_it_is_served(info: AppInfo, json_wanted: bool) -> Row:
    route = info.route
    return {
        'locked': info.locked or None,
        'stopped': info.stopped,
        'maintenance': bool(route and route.maintenance),
        'sessions': bool(route and route.sticky),
        'domains': _several(list(route.domains) if route else [], json_wanted),
    }


def build_row(info: BuildInfo) -> Row:
    """An operation, and the release that it has made."""
    build, release = info.operation, info.release
    took = seconds(build)
    if took is None:
        took = round(time.time() - build.started, 2) if build.started else 0.0
    return {
        'build': build.number,
        'app': build.app,
        'what': build.title,
        'commit': '' if build.commit == NO_COMMIT else build.commit[:7],
        'status': build.state.value,
        'release': f'v{release.version}' if release else None,
        'seconds': took,
        'by': build.actor.name,
        'at': when(build.created),
        'cause': build.cause,
    }


def release_row(release: Release, url: str, json_wanted: bool) -> Row:
    """A release, whose slug is at ``url``; whole for machines, in few words for people."""
    row: dict[str, object] = {
        'release': f'v{release.version}',
        'state': release.state.value,
        'commit': release.commit[:7],
        'build': release.operation,
        'size': megabytes(release.slug.size),
        'sha256': release.slug.sha256[:12],
        'by': release.actor.name,
        'at': when(release.created),
        'description': release.description,
        'versions': ', '.join(f'{tool} {version}' for tool, version in release.versions.items()),
    }
    if json_wanted:
        processes = {process.name: process.command for process in release.processes}
        row |= {'commit': release.commit, 'size': release.slug.size, 'sha256': release.slug.sha256}
        row |= {'url': url, 'processes': processes, 'versions': dict(release.versions)}
        row |= {'version': release.version, 'buildpack': release.buildpack, 'stack': release.stack}
    return row


def plan_json(planned: Planned) -> str:
    """A plan for machines."""
    return as_json(as_record(planned))


def plan_text(planned: Planned) -> str:
    """A plan as a push would show it."""
    console = _Lines()
    report_planned(planned, console)
    return ''.join(console.lines)


class _Lines:
    """A console that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines += log.shown('-----> ', text)

    def detail(self, text: str) -> None:
        self.lines += log.shown('       ', text)

    def warn(self, text: str) -> None:
        self.lines += log.shown(' !     ', text)


def config_table(config: Mapping[str, str], reveal: bool, json_wanted: bool) -> str:
    """Config vars: values whole for machines and where they are asked for, else masked with their length."""
    if reveal or json_wanted:
        return listed(
            [{'name': name, 'value': value} for name, value in config.items()], json_wanted, cut=False
        )
    return listed(
        [
            {'name': name, 'value': MASK if value else '', 'characters': len(value)}
            for name, value in config.items()
        ],
        json_wanted,
    )


def cancelled(app: str, ended: Sequence[Operation]) -> str:
    """What was ended; one that was just done says so."""
    done = [
        f'{each.title} {"is" if each.state is OperationState.CANCELLED else "has"} {each.state}'
        for each in ended
    ]
    return lines(*done or [f'nothing of {app} is under way'])


def identity(actor: Actor, apps: Sequence[str]) -> Row:
    """Who somebody is here."""
    return {
        'name': actor.name,
        'key': actor.key or None,
        'reaches': 'all apps' if actor.apps is None else ', '.join(sorted(actor.apps)),
        'apps': len(apps),
    }


def when(at: float) -> str:
    """A time, to the second, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def _several(values: Mapping[str, object] | Sequence[object], json_wanted: bool) -> object:
    return values if json_wanted else ', '.join(map(str, values))


def _columns(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    padded: Iterable[str] = (
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
    return lines(*padded)


def _cell(value: object) -> str:
    """One short line, marked where it is cut: what a build says of its versions is not the sysadmin's own."""
    first, _, rest = ('' if value is None else harmless(str(value))).partition('\n')
    short = first.rstrip()[:MAX_CELL]
    cut = rest.strip() or short != first.rstrip()
    return short + CUT if cut else short or '-'


def _whole_cell(value: object) -> str:
    """All of it on one line: what a terminal would not show as it is stands as an escape (``\\n``)."""
    text = '' if value is None else str(value)
    return ''.join(char if char.isprintable() else ascii(char)[1:-1] for char in text) or '-'
