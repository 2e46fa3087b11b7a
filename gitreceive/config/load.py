"""Where settings come from: one TOML file, then the environment, then options; the later wins. Read once."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gitreceive.config.checks import check
from gitreceive.config.former import former_variables, renamed, variable
from gitreceive.config.settings import TABLES, Settings, default_home
from gitreceive.config.values import CONVERT, as_text
from gitreceive.model.errors import SettingsError

SYSTEM_CONFIG = Path('/etc/gitreceive/gitreceive.toml')

TYPES: Mapping[str, Any] = {
    'home': Path,
    **{f'{table}.{field.name}': field.type for table, record in TABLES.items() for field in fields(record)},
}
"""Every setting by its whole name, with its type."""

WHO = re.compile('//[^/]*@')
"""User and password in a URL, which nobody should see who reads an error."""

ENVIRONMENT = 'the environment'
Found = tuple[Mapping[str, object], list[str]]
"""Values by whole names, and hints."""


def load_settings(
    *, config: Path | None, environ: Mapping[str, str], options: Mapping[str, str] = MappingProxyType({})
) -> Settings:
    """Reads, merges and checks the settings. ``options`` (from the command line) win over all.

    Raises SettingsError that names the place of an unknown key or a bad value.
    """
    return load_with_hints(config=config, environ=environ, options=options)[0]


def load_with_hints(
    *, config: Path | None, environ: Mapping[str, str], options: Mapping[str, str]
) -> tuple[Settings, list[str]]:
    """As ``load_settings``, with a line for each former name that was used."""
    values: dict[str, object] = {'home': default_home(environ, os.geteuid())}
    if 'DOCKER_HOST' in environ:
        values['engine.url'] = environ['DOCKER_HOST']
    hints: list[str] = []
    for place, (found, told) in (
        (str(config or SYSTEM_CONFIG), _from_file(config)),
        (ENVIRONMENT, _from_environ(environ)),
        ('the command line', renamed(options, 'the command line')),
    ):
        values |= {key: _converted(key, value, place) for key, value in found.items()}
        hints += told
    return _nested(values), hints


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as the variables that ``load_settings`` reads: how a supervisor hands them on."""
    found = {variable('home'): str(settings.home)}
    for table, record in TABLES.items():
        values = getattr(settings, table)
        for field in fields(record):
            found[variable(f'{table}.{field.name}')] = as_text(getattr(values, field.name))
    return found


def _nested(values: Mapping[str, object]) -> Settings:
    records: dict[str, Any] = {}
    for table, record in TABLES.items():
        begin = f'{table}.'
        records[table] = record(
            **{key.removeprefix(begin): value for key, value in values.items() if key.startswith(begin)}
        )
    home = values['home']
    assert isinstance(home, Path)
    return Settings(home=home, **records)


def _from_file(config: Path | None) -> Found:
    path = config or SYSTEM_CONFIG
    try:
        data = tomllib.loads(path.read_text('utf-8'))
    except OSError as error:
        if config is None and isinstance(error, FileNotFoundError):
            return {}, []
        raise SettingsError(f'cannot read the settings file {path}: {error.strerror}') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f'{path} is not valid TOML: {error}') from error
    return renamed(_flat(data), str(path))


def _flat(data: Mapping[str, object]) -> dict[str, object]:
    """``[ssh] listen`` as ``ssh.listen``; keys without a table as they are."""
    found: dict[str, object] = {}
    for key, value in data.items():
        found |= (
            {f'{key}.{name}': one for name, one in value.items()} if isinstance(value, dict) else {key: value}
        )
    return found


def _from_environ(environ: Mapping[str, str]) -> Found:
    known = {variable(key): key for key in TYPES}
    prefixes = tuple(variable(f'{table}.') for table in TABLES)
    former, hints = former_variables(environ)
    named = {name for name in environ if name in known or name.startswith(prefixes)}
    for name in sorted(named - known.keys()):
        raise SettingsError(f'unknown variable {name}{_nearest(name, known)}')
    return {**former, **{known[name]: environ[name] for name in sorted(named & known.keys())}}, hints


def _converted(key: str, value: object, place: str) -> object:
    if key not in TYPES:
        if key in TABLES:
            raise SettingsError(f'{place}: "{key}" is a table: write [{key}]')
        raise SettingsError(f'{place}: unknown setting "{key}"{_nearest(key, TYPES)}')
    try:
        found = CONVERT[TYPES[key]](value)
        check(key, found)
    except ValueError as error:
        raise SettingsError(f'{place}: {key} = {_shown(value)}: {error}') from error
    return found


def _nearest(key: str, known: Iterable[str]) -> str:
    last = key.rpartition('.')[2]
    near = [name for name in known if name.rpartition('.')[2] == last]
    near = near or difflib.get_close_matches(key, list(known), n=1)
    return f'; did you mean {near[0]}?' if near else f'; there are {", ".join(sorted(known))}'


def _shown(value: object) -> str:
    text = WHO.sub('//', repr(value))
    return text if len(text) <= 200 else f'{text[:200]}...'
