"""A console for commands: what they do, line by line."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from gitreceive.model.text import harmless


class Lines:
    """A console that writes each line to standard output at once; with ``err`` to standard error."""

    def __init__(self, err: bool = False) -> None:
        self._err = err

    def step(self, text: str) -> None:
        """Prints ``-----> text``."""
        _say(f'-----> {harmless(text)}', self._err)

    def detail(self, text: str) -> None:
        """Prints ``       text``."""
        _say(f'       {harmless(text)}', self._err)

    def warn(self, text: str) -> None:
        """Prints `` !     text``."""
        _say(f' !     {harmless(text)}', True)


def end_unheard() -> NoReturn:
    """Ends the program when nobody reads what it prints, with the status that a shell reports for it.

    It is no error of ours: contexts on the way out must not take it for one of the engine, which is why SIGPIPE is not
    the way. That would end the program at every connection that a server closes early, too.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    raise SystemExit(128 + signal.SIGPIPE)


def _say(text: str, err: bool) -> None:
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        end_unheard()


@contextmanager
def warnings_told(console: Lines) -> Iterator[None]:
    """While it lasts, the console prints what the package logs as a warning, such as a retry."""
    logger, handler = logging.getLogger('gitreceive'), _Told(console)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Told(logging.Handler):
    def __init__(self, console: Lines) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.warn(record.getMessage())
