"""Answers the verbs of logs."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from gitreceive.commands.access import reached
from gitreceive.commands.logs import AskedLogs, LogSource, chosen_source, find_log, read_selection
from gitreceive.daemon.follow import missing_log, read_log, tail_log
from gitreceive.daemon.log import warning
from gitreceive.daemon.masks import masked_by
from gitreceive.daemon.requests import Requests, RoutedRequest
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import EngineGone
from gitreceive.model.instance import Instance, LogLine
from gitreceive.run.logs import Selection


def _logs(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
    app = reached(actor, asked.app, parts.home)
    wanted = AskedLogs(
        source=asked.text('source'),
        build=asked.number('build'),
        processes=asked.texts('process'),
        since=asked.text('since'),
        lines=asked.number('lines'),
    )
    try:
        source = chosen_source(wanted, partial(_runs, parts, app))
    except EngineGone as error:
        yield ErrorOutput(warning(f'what the app prints cannot be read: {error}'))
        source = LogSource.BUILD
    follow, selection = asked.switch('follow'), read_selection(wanted, time.time())
    if source is LogSource.APP:
        return (yield from _of_instances(parts, app, selection, asking, follow=follow))
    if source is LogSource.ROUTER:
        return (yield from _of_router(parts, app, selection, asking, follow=follow))
    return (yield from _of_operation(parts, actor, app, source, wanted, follow=follow))


def _runs(parts: Parts, app: AppName) -> bool:
    running = parts.receiver.running
    return running is not None and running.logs.there_are(app)


def _of_operation(
    parts: Parts, actor: Actor, app: AppName, source: LogSource, wanted: AskedLogs, *, follow: bool
) -> Answering:
    found = find_log(actor, app, source, wanted.build, parts.home, parts.journal)
    if follow:
        return (yield from parts.followed(found.number))
    yield missing_log(found, parts.home)
    if wanted.lines is None:
        yield from read_log(parts.home, found.number)
    else:
        yield tail_log(parts.home, found.number, wanted.lines)
    if found.state.final:
        yield parts.follower.closing(found)
    return End(0)


def _of_instances(
    parts: Parts, app: AppName, wanted: Selection, asking: Asking, *, follow: bool
) -> Answering:
    logs, mask = parts.running().logs, partial(_mask, parts.journal)
    asking.wait_for_reader()
    if not follow:
        for line in logs.past(app, wanted, mask):
            yield _shown(line)
        return End(0)
    for lines in logs.follow(app, wanted, mask, asking.call_when_gone):
        yield b''.join(map(_shown, lines))
    return End(0)


def _of_router(parts: Parts, app: AppName, wanted: Selection, asking: Asking, *, follow: bool) -> Answering:
    requests = Requests(parts.home.access_log)
    asking.wait_for_reader()
    yield _requests(requests.past(app, wanted.since, wanted.last))
    if follow:
        gone: list[bool] = []
        with asking.call_when_gone(lambda: gone.append(True)):
            for found in requests.follow(app, lambda: bool(gone)):
                yield _requests(found)
    return End(0)


def _mask(journal: Journal, instance: Instance) -> Callable[[str], str]:
    """Hides the config vars that the instance has, and those that the app has now."""
    values = list(journal.apps.config(instance.app).values())
    release = journal.releases.get(instance.app, instance.release)
    values += journal.releases.config(release).values() if release else ()
    return masked_by(values)


def _shown(line: LogLine) -> bytes:
    return f'{_time(line.at)} app[{line.name}]: {line.text}\n'.encode()


def _requests(found: Sequence[RoutedRequest]) -> bytes:
    return b''.join(f'{_time(each.at)} router: {each.text}\n'.encode() for each in found)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec='microseconds')


ANSWERS: Answers = {
    'logs': _logs,
}
