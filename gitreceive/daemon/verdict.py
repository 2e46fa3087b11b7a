"""The last lines of an operation, made from the journal alone: they are the same whenever they are asked for."""

import json
from dataclasses import dataclass

from gitreceive.config.settings import Settings
from gitreceive.daemon.log import shown
from gitreceive.model.instance import counts
from gitreceive.model.operation import Deploy, Operation, OperationState, Rename, Rescale, Restart, Switch
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A finished operation: ``release`` is what it made, stored at ``url``; ``live`` what the app ran when it ended."""

    operation: Operation
    release: Release | None
    live: Release | None
    url: str = ''


def closing_lines(ended: Ended, settings: Settings) -> str:
    """What follows the log of a finished operation: the verdict for people, and one JSON object for machines."""
    lines = (
        _succeeded(ended) if ended.operation.state == OperationState.SUCCEEDED else _failed(ended, settings)
    )
    return ''.join([*lines, '\n', *shown('       ', json.dumps(summary(ended.operation, ended.release)))])


def exit_status(operation: Operation) -> int:
    """0 if and only if the operation succeeded."""
    return 0 if operation.state == OperationState.SUCCEEDED else 1


def told_cause(operation: Operation) -> str:
    """Why it did not succeed, as a git client shows it behind the ref: ``build 7 failed: ...``; empty if it did."""
    if operation.state == OperationState.SUCCEEDED:
        return ''
    return f'{operation.name} {_how_it_ended(operation)}'


def summary(operation: Operation, release: Release | None) -> dict[str, object]:
    """The operation as one flat record; ``release`` is a number or null.

    ``seconds`` is the time of the work, ``queued_seconds`` the time before it; null as long as they are not over.
    """
    return {
        'app': operation.app,
        'build': operation.number,
        'release': release.version if release else None,
        'commit': None if operation.commit == NO_COMMIT else operation.commit,
        'slug': f'sha256:{release.slug.sha256}' if release else None,
        'queued_seconds': queued_seconds(operation),
        'seconds': seconds(operation),
        'status': operation.state.value,
    }


def seconds(operation: Operation) -> float | None:
    """How long the work took; 0 for what ended before it began."""
    if operation.finished is None:
        return None
    return round(operation.finished - (operation.started or operation.finished), 2)


def queued_seconds(operation: Operation) -> float | None:
    """How long it waited for its turn."""
    end = operation.started or operation.finished
    return None if end is None else round(end - operation.created, 2)


def _succeeded(ended: Ended) -> list[str]:
    if ended.release:
        return shown('       ', f'v{ended.release.version} stored in {ended.url}')
    return shown('-----> ', _done(ended.operation))


def _done(operation: Operation) -> str:
    """What has no release of its own."""
    app = operation.app
    match operation.request:
        case Rescale(formation=formation):
            return f'Scaled {app}: {counts(formation)}'
        case Restart(processes=processes):
            return f'Restarted {", ".join(processes) or app}'
        case Rename(source=source, to=to):
            return f'Renamed {source} to {to}; its repository has another address now ("git remote set-url")'
        case Switch(on=on):
            return f'{"Started" if on else "Stopped"} {app}'
        case _:
            return f'Destroyed {app}'


def _failed(ended: Ended, settings: Settings) -> list[str]:
    operation = ended.operation
    lines = shown(' !     ', f'{operation.title} {_how_it_ended(operation)}')
    if operation.state == OperationState.FAILED:
        host, port = settings.ssh.host, settings.ssh.address[1]
        logs = f'ssh -p {port} git@{host} logs {operation.app} --build {operation.number}'
        lines += shown(' !     ', f'Whole log: {logs}')
    return lines + shown(' !     ', _what_is_live(operation, ended.live))


def _how_it_ended(operation: Operation) -> str:
    return f'{"failed: " if operation.state == OperationState.FAILED else "was "}{operation.cause}'


def _what_is_live(operation: Operation, live: Release | None) -> str:
    app, request = operation.app, operation.request
    if not isinstance(request, Deploy):
        return f'{app} still runs v{live.version} ({live.commit[:7]})' if live else f'{app} has no release'
    branch = request.update.ref.removeprefix('refs/heads/')
    if operation.state == OperationState.SUPERSEDED:
        return f'{app}: the newer build decides what {branch} points at'
    if live is None:
        return f'{app} has no release yet; {branch} was set back, so that the same push tries again'
    set_back = f'; {branch} was set back to it' if live.commit != request.commit else ''
    return f'{app} still runs v{live.version} ({live.commit[:7]}){set_back}'
