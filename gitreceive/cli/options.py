"""Options that every command understands."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gitreceive.cli.lines import Lines
from gitreceive.config.home import Home
from gitreceive.config.load import load_with_hints
from gitreceive.config.upgrade import upgrade_home

SETTING = 'setting__'
"""How click calls a value that belongs to the settings, with the setting's name after it; ``__`` is its dot."""


def warn(hint: str) -> None:
    """A line on standard error."""
    Lines(err=True).warn(hint)


def settings_options(
    command: Callable[..., Any] | None = None, *, note: Callable[[str], None] = warn
) -> Callable[..., Any]:
    """Adds ``--home`` and ``--config`` and hands the command ``settings``, read and checked.

    Options that are declared with ``setting_option`` go into the settings instead of to the command. ``note`` gets a
    line for each former name of a setting that was used.
    """
    if command is None:
        return functools.partial(settings_options, note=note)

    @click.option('--home', type=click.Path(), help='where gitreceive keeps what it writes')
    @click.option('--config', type=click.Path(path_type=Path), help='a settings file (TOML)')
    @functools.wraps(command)
    def wrapped(home: str | None, config: Path | None, **words: Any) -> Any:
        options = {'home': home} if home else {}
        for name in [word for word in words if word.startswith(SETTING)]:
            value = words.pop(name)
            if value is not None:
                options[name.removeprefix(SETTING).replace('__', '.')] = str(value)
        settings, hints = load_with_hints(config=config, environ=os.environ, options=options)
        for hint in hints:
            note(hint)
        upgrade_home(Home(settings.home))
        return command(settings=settings, **words)

    return wrapped


def setting_option(
    flag: str, setting: str, meaning: str = ''
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option ``flag`` that overrides the setting of that name; without a meaning it is a former one, and not shown."""
    return click.option(flag, f'{SETTING}{setting.replace(".", "__")}', help=meaning, hidden=not meaning)
