"""Options that every verb understands."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gitreceive.config.home import Home
from gitreceive.config.settings import load_settings
from gitreceive.config.upgrade import upgrade_home


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--home`` and ``--config`` and hands the command ``settings``, read and checked.

    Options of the command that carry a setting's name (``--listen``) go into the settings instead of to the command,
    when they are declared with ``setting_option``.
    """

    @click.option('--home', type=click.Path(), help='where gitreceive keeps what it writes')
    @click.option('--config', type=click.Path(path_type=Path), help='a settings file (TOML)')
    @functools.wraps(command)
    def wrapped(home: str | None, config: Path | None, **words: Any) -> Any:
        options = {'home': home} if home else {}
        for name in [word for word in words if word.startswith('setting_')]:
            value = words.pop(name)
            if value is not None:
                options[name.removeprefix('setting_')] = str(value)
        settings = load_settings(config=config, environ=os.environ, options=options)
        upgrade_home(Home(settings.home))
        return command(settings=settings, **words)

    return wrapped


def setting_option(name: str, meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option ``--name`` that overrides the setting ``name``."""
    return click.option(f'--{name.replace("_", "-")}', f'setting_{name}', help=meaning)
