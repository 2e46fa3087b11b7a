"""Config vars: what an app's builds and processes get in their environment."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gitreceive.commands.access import changeable, reached
from gitreceive.commands.builds import Submit
from gitreceive.config.home import Home
from gitreceive.grammar.envfile import parse_env
from gitreceive.journal import Journal
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand, SettingsError
from gitreceive.model.operation import Configure, Operation

NAME = re.compile('[A-Za-z_][A-Za-z0-9_]{0,99}')

MAX_VALUE = 65_536
MAX_VARS = 1000
MAX_CONFIG = 524_288
"""Bytes of a value, and of all names and values of an app."""

MAX_INPUT = 1_000_000
"""Bytes that are read from standard input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """The names that were set and removed; ``same`` had the value before."""

    set: tuple[str, ...]
    removed: tuple[str, ...]
    same: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """``Set FOO, BAR; Unset OLD``: names only."""
        done = [f'Set {", ".join(self.set)}'] if self.set else []
        return '; '.join([*done, *([f'Unset {", ".join(self.removed)}'] if self.removed else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """What words ask for: values to be set, names to be shown, and one name whose value is standard input."""

    values: Mapping[str, str]
    shown: tuple[str, ...] = ()
    from_input: str = ''


def read_pairs(words: Sequence[str]) -> Pairs:
    """``NAME=VALUE``, ``NAME`` and ``NAME -``. Pure. Raises BadCommand, without a value, for anything else."""
    values: dict[str, str] = {}
    shown: list[str] = []
    from_input = ''
    for number, word in enumerate(words, 1):
        name, equals, value = word.partition('=')
        if equals:
            values[_checked_name(name, number)] = value
        elif word == '-' and shown and not from_input:
            from_input = shown.pop()
        else:
            shown.append(_checked_name(word, number))
    return Pairs(values=values, shown=tuple(shown), from_input=from_input)


def mixed(pairs: Pairs) -> BadCommand:
    """The refusal of words that neither only show nor only set."""
    if pairs.shown:
        return BadCommand(
            f'{pairs.shown[0]} is not NAME=VALUE, so nothing was set; a value with blanks needs quotes of its own '
            '("help config set")'
        )
    return BadCommand('nothing to set: NAME=VALUE, "NAME -" or "--file -" is expected ("help config set")')


def read_values(pairs: Pairs, file: str | None, read: Callable[[int], bytes]) -> Mapping[str, str]:
    """All values to be set, also those that come on standard input. Raises BadCommand."""
    values = dict(pairs.values)
    if pairs.from_input and file:
        raise BadCommand('standard input can be one value or a file, not both')
    if pairs.from_input:
        values[pairs.from_input] = _text(read).removesuffix('\n')
    if file:
        values |= _parse_file(_text(read))
    return values


def list_config(actor: Actor, app: AppName, home: Home, apps: Apps) -> Mapping[str, str]:
    """All config vars, by name. Raises UnknownApp."""
    return dict(sorted(apps.config(reached(actor, app, home)).items()))


def get_config(actor: Actor, app: AppName, name: str, home: Home, apps: Apps) -> str:
    """One value. Raises UnknownApp, or BadCommand if it is not set."""
    found = apps.config(reached(actor, app, home)).get(name)
    if found is None:
        raise BadCommand(f'{_shown(name)} is not set on {app}; "config {app}" lists what is')
    return found


def change_config(
    actor: Actor, app: AppName, values: Mapping[str, str], removed: Sequence[str], home: Home, apps: Apps
) -> ConfigChange:
    """Sets and removes config vars, all or none. Raises UnknownApp or BadCommand."""
    before = apps.config(changeable(actor, app, home, apps))
    for name in removed:
        if name not in before:
            raise BadCommand(f'{_shown(name)} is not set on {app}; nothing was changed')
        if name in values:
            raise BadCommand(f'{_shown(name)} cannot be set and removed at once; nothing was changed')
    _check_bounds({**before, **values})
    changed = {name: value for name, value in values.items() if before.get(name) != value}
    if changed or removed:
        apps.change_config(app, changed, removed, by=actor.name)
    same = tuple(name for name in values if name not in changed)
    return ConfigChange(set=tuple(changed), removed=tuple(removed), same=same)


def release_config(
    actor: Actor, app: AppName, change: ConfigChange, journal: Journal, submit: Submit
) -> Operation | None:
    """Releases what is live with the config vars that are set now; None if nothing has changed, or nothing is live."""
    live = journal.releases.live(app)
    if live is None or not (change.set or change.removed):
        return None
    return submit(app, Configure(changed=change.description, commit=live.commit), actor)


def _check_bounds(config: Mapping[str, str]) -> None:
    sizes = {name: _size(name, value) for name, value in config.items()}
    if len(config) > MAX_VARS:
        raise BadCommand(f'too many config vars: an app has at most {MAX_VARS:,}')
    if sum(sizes.values()) > MAX_CONFIG:
        raise BadCommand(f'too much in config vars: an app has at most {MAX_CONFIG:,} bytes of them')


def _size(name: str, value: str) -> int:
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise BadCommand(f'the value of {name} is not UTF-8') from error
    if size > MAX_VALUE:
        raise BadCommand(f'the value of {name} is too long: at most {MAX_VALUE:,} bytes')
    if '\0' in value:
        raise BadCommand(f'the value of {name} holds a zero byte, which no variable can')
    return len(name) + size


def _checked_name(name: str, number: int) -> str:
    if not NAME.fullmatch(name):
        raise BadCommand(
            f'word {number} after the app is not NAME=VALUE, nor a NAME (letters, digits and _, no digit first); '
            'a value with blanks needs quotes of its own ("help config set")'
        )
    return name


def _parse_file(text: str) -> Mapping[str, str]:
    try:
        values = parse_env(text, 'standard input')
    except SettingsError as error:
        raise BadCommand(str(error)) from error
    for number, name in enumerate(values, 1):
        _checked_name(name, number)
    return values


def _text(read: Callable[[int], bytes]) -> str:
    data = read(MAX_INPUT)
    if len(data) > MAX_INPUT:
        raise BadCommand(f'standard input has over {MAX_INPUT:,} bytes')
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise BadCommand('standard input is not UTF-8') from error


def _shown(name: str) -> str:
    return name if NAME.fullmatch(name) else 'that name'
