"""Reads ``app.json``: what an app wants set before it is built, and what else it asks for.

https://devcenter.heroku.com/articles/app-json-schema
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gitreceive.build.appfiles.manifest import read_json_object
from gitreceive.build.appfiles.needs import read_needs, without_effect
from gitreceive.build.generate import generate_config
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.needs import NO_NEEDS, Needs

FILE = 'app.json'
NAME = re.compile('[A-Za-z_][A-Za-z0-9_]{0,99}')
NO_TEXT = re.compile('[\0\ud800-\udfff]')
"""JSON can say halves of characters, which nothing can be told of."""

LONGEST = 32 * 1024
MOST = 200
WITHOUT_MEANING = {
    'addons': 'add-ons are not provided: set their addresses as config vars',
    'image': 'the stack is used',
    'environments': 'there are no other environments',
}
"""What this receiver does not act on, and what is told instead. What only describes the app is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppJson:
    """Config vars: ``values`` by default, ``generated`` once, ``required`` from a person. ``notes`` are to be told.

    ``stack`` is what the app asks to be built on, empty if it does not; ``needs`` is how it wants to run.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    generated: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stack: str = ''
    needs: Needs = NO_NEEDS


NO_APP_JSON = AppJson()


def read_app_json(source: Source) -> AppJson:
    """What the app's ``app.json`` says; nothing if there is none. Raises DetectError, with the place."""
    if not source.exists(FILE):
        return NO_APP_JSON
    found = read_json_object(source, FILE)
    env = found.get('env') or {}
    if not isinstance(env, dict) or len(env) > MOST:
        raise DetectError(
            f'"env" in app.json is not an object of at most {MOST} config vars: correct or remove it'
        )
    values: dict[str, str] = {}
    generated: list[str] = []
    required: list[str] = []
    for name, about in env.items():
        value, generator, needed = _config_var(name, about)
        if value is not None:
            values[name] = value
        elif generator:
            generated.append(name)
        elif needed:
            required.append(name)
    return AppJson(
        values=values,
        generated=tuple(generated),
        required=tuple(required),
        notes=tuple(_notes(found)),
        stack=_stack(found),
        needs=read_needs(found),
    )


def first_config(wanted: AppJson, config: Mapping[str, str]) -> dict[str, str]:
    """The config vars that the app wants and does not have, with their values; secrets are generated here.

    Raises DetectError that names those which only a person can set.
    """
    missing = [name for name in wanted.required if name not in config]
    if missing:
        raise DetectError(
            f'app.json requires {", ".join(missing)}, which {"is" if len(missing) == 1 else "are"} not set: '
            f'"config APP {missing[0]}=VALUE" over SSH sets one'
        )
    values = {name: value for name, value in wanted.values.items() if name not in config}
    return values | generate_config(wanted.generated, config)


def with_defaults(wanted: AppJson, config: Mapping[str, str]) -> Mapping[str, str]:
    """The config vars as a push would find them: those that are set, and the values of app.json for the others."""
    return {**wanted.values, **config}


def unpublished(wanted: AppJson, config: Mapping[str, str]) -> dict[str, str]:
    """The config vars without those whose values are written in app.json, which are no secrets."""
    return {name: value for name, value in config.items() if value != wanted.values.get(name)}


def to_be_set(wanted: AppJson, config: Mapping[str, str]) -> Iterator[str]:
    """What ``first_config`` would do, told."""
    for name in wanted.required:
        if name not in config:
            yield f'app.json requires {name}, which is not set.'
    names = [*wanted.values, *(f'{name} (generated)' for name in wanted.generated)]
    missing = [name for name in names if name.partition(' ')[0] not in config]
    if missing:
        yield f'app.json sets {", ".join(missing)}, once.'


def _config_var(name: str, about: object) -> tuple[str | None, bool, bool]:
    """Its value if it has one, whether it is generated, and whether it is required."""
    shown = ascii(name[:60])[1:-1]
    if not NAME.fullmatch(name):
        raise DetectError(f'"env.{shown}" in app.json is not the name of a config var: letters, digits and _')
    if isinstance(about, str):
        about = {'value': about}
    if not isinstance(about, dict):
        raise DetectError(f'"env.{shown}" in app.json is neither a string nor an object: correct it')
    value, generator = about.get('value'), about.get('generator')
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST or NO_TEXT.search(value)):
        raise DetectError(
            f'"env.{shown}.value" in app.json is not a string of at most {LONGEST:,} whole characters'
        )
    if generator not in (None, 'secret'):
        raise DetectError(f'"env.{shown}.generator" in app.json is not "secret", the only one there is')
    return value, generator == 'secret', about.get('required', True) is not False


def _stack(found: Mapping[str, object]) -> str:
    stack = found.get('stack') or ''
    if not isinstance(stack, str) or len(stack) > 40:
        raise DetectError(
            '"stack" in app.json is not the name of a stack, such as "cedar-13": correct or remove it'
        )
    return stack


def _notes(found: Mapping[str, object]) -> Iterator[str]:
    for key, instead in WITHOUT_MEANING.items():
        if found.get(key):
            yield f'"{key}" in app.json has no effect: {instead}.'
    yield from without_effect(found)
