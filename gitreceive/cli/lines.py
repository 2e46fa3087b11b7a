"""A console for commands: what they do, line by line."""

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
