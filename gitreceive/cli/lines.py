"""A console for commands: what they do, line by line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from gitreceive.text import harmless


class Lines:
    """A console that writes each line to standard output at once; with ``err`` to standard error."""

    def __init__(self, err: bool = False) -> None:
        self._err = err

    def step(self, text: str) -> None:
        """``-----> text``"""
        click.echo(f'-----> {harmless(text)}', err=self._err)

    def detail(self, text: str) -> None:
        """``       text``"""
        click.echo(f'       {harmless(text)}', err=self._err)

    def warn(self, text: str) -> None:
        """`` !     text``"""
        click.echo(f' !     {harmless(text)}', err=True)


@contextmanager
def warnings_told(console: Lines) -> Iterator[None]:
    """While it lasts, what the package logs as a warning is a line of the console: that something is tried again."""
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
