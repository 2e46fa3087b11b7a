"""Reads what ``app.json`` says of how an app runs: its formation, health checks, cron entries and what follows a deploy.

https://devcenter.heroku.com/articles/app-json-schema, https://dokku.com/docs/deployment/zero-downtime-deploys/
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cronsim import CronSim, CronSimError

from gitreceive.model.errors import DetectError
from gitreceive.model.needs import Check, CronJob, Needs

MOST = 100
"""Instances of a process type, checks and cron entries."""

LONGEST = 4096
SCRIPT = 'postdeploy'
STARTUP = 'startup'

CHECK_KEYS = {
    'type',
    'name',
    'description',
    'path',
    'content',
    'httpHeaders',
    'timeout',
    'uptime',
    'listening',
}


def read_needs(found: Mapping[str, Any]) -> Needs:
    """What a parsed app.json says. Raises DetectError, with the place."""
    return Needs(
        formation={name: _quantity(name, about) for name, about in _object(found, 'formation').items()},
        checks={name: tuple(_checks(name, said)) for name, said in _object(found, 'healthchecks').items()},
        cron=tuple(_cron(found)),
        postdeploy=_text(_object(found, 'scripts').get(SCRIPT) or '', f'scripts.{SCRIPT}'),
    )


def without_effect(found: Mapping[str, Any]) -> Iterator[str]:
    """What of it is not acted on, told."""
    scripts = _object(found, 'scripts')
    others = [name for name in scripts if name not in (SCRIPT, 'test', 'test-setup')]
    if others:
        yield f'"scripts.{others[0]}" in app.json has no effect: {SCRIPT} is the only script that is run.'
    for name, about in _object(found, 'formation').items():
        if isinstance(about, dict) and about.get('size'):
            yield f'"formation.{name}.size" in app.json has no effect: "ps limits" sets memory and CPU.'
    for name, said in _object(found, 'healthchecks').items():
        for each in said if isinstance(said, list) else ():
            odd = sorted(set(each) - CHECK_KEYS) if isinstance(each, dict) else []
            if isinstance(each, dict) and each.get('type', STARTUP) != STARTUP:
                yield f'A check of "healthchecks.{name}" in app.json has no effect: its type is not "{STARTUP}".'
            elif odd:
                yield f'"{odd[0]}" of "healthchecks.{name}" in app.json has no effect.'


def _object(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key) or {}
    if not isinstance(value, dict) or len(value) > MOST:
        raise DetectError(
            f'"{key}" in app.json is not an object of at most {MOST} entries: correct or remove it'
        )
    return value


def _quantity(name: str, about: object) -> int:
    quantity = about.get('quantity', 1) if isinstance(about, dict) else about
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 <= quantity <= MOST:
        raise DetectError(
            f'"formation.{_shown(name)}.quantity" in app.json is not a number from 0 to {MOST}: correct it'
        )
    return quantity


def _checks(name: str, said: object) -> Iterator[Check]:
    place = f'healthchecks.{_shown(name)}'
    if not isinstance(said, list) or len(said) > MOST:
        raise DetectError(f'"{place}" in app.json is not a list of checks: correct or remove it')
    for each in said:
        if not isinstance(each, dict):
            raise DetectError(f'"{place}" in app.json has a check that is no object: correct it')
        if each.get('type', STARTUP) == STARTUP:
            yield _check(each, place)


def _check(said: Mapping[str, Any], place: str) -> Check:
    path = _text(said.get('path', ''), f'{place}.path')
    if (path and not path.startswith('/')) or any(ord(char) <= 32 or ord(char) > 126 for char in path):
        raise DetectError(
            f'"{place}.path" in app.json is not the path of a URL: it begins with "/", without spaces'
        )
    return Check(
        path=path,
        content=_text(said.get('content', ''), f'{place}.content'),
        headers=dict(_headers(said.get('httpHeaders') or [], place)),
        timeout=_seconds(said.get('timeout', 5), f'{place}.timeout'),
        uptime=_seconds(said.get('uptime', 0), f'{place}.uptime'),
    )


def _headers(said: object, place: str) -> Iterator[tuple[str, str]]:
    for each in said if isinstance(said, list) else [said]:
        if not isinstance(each, dict):
            raise DetectError(f'"{place}.httpHeaders" in app.json is not a list of "name" and "value"')
        name, value = (_text(each.get(key, ''), f'{place}.httpHeaders') for key in ('name', 'value'))
        if not name or not all(char.isprintable() for char in name + value):
            raise DetectError(
                f'"{place}.httpHeaders" in app.json has a header without a name, or on several lines'
            )
        yield name, value


def _cron(found: Mapping[str, Any]) -> Iterator[CronJob]:
    said = found.get('cron') or []
    if not isinstance(said, list) or len(said) > MOST:
        raise DetectError(f'"cron" in app.json is not a list of at most {MOST} entries: correct or remove it')
    for each in said:
        if not isinstance(each, dict):
            raise DetectError('"cron" in app.json has an entry that is no object of "command" and "schedule"')
        command, schedule = (_text(each.get(key, ''), f'cron.{key}') for key in ('command', 'schedule'))
        if not command.strip():
            raise DetectError('"cron" in app.json has an entry without a "command"')
        _check_schedule(schedule)
        yield CronJob(schedule=schedule, command=command)


def _check_schedule(schedule: str) -> None:
    try:
        CronSim(schedule, datetime.now(UTC))
    except CronSimError as error:
        raise DetectError(
            f'"cron" in app.json has the schedule {ascii(schedule[:60])}, which is none ({error}): '
            'five fields, as "0 4 * * *" for every day at four, in UTC'
        ) from error


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or '\0' in value:
        raise DetectError(f'"{place}" in app.json is not a string of at most {LONGEST:,} characters')
    return value


def _seconds(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise DetectError(f'"{place}" in app.json is not a number of seconds')
    return float(value)


def _shown(name: str) -> str:
    return ascii(name[:60])[1:-1]
