"""The verbs of the command grammar on the host: sent to the builder, or answered from the journal if it is not up."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.daemon.verbs import grammar
from gitreceive.grammar import wire
from gitreceive.model.errors import DaemonUnreachable

UNATTENDED = 'gitreceive.cli.unattended'
"""Loaded only if the builder is not up: it takes longer to load than most answers to get."""


def verb_command(name: str) -> click.Command:
    """The command of that verb of the grammar; its words go on as they are."""
    verb = grammar.commands[name]

    @click.command(name, help=verb.help, context_settings={'ignore_unknown_options': True})
    @click.argument('words', nargs=-1, type=click.UNPROCESSED, metavar=_usage(verb))
    @settings_options
    def send(words: Sequence[str], settings: Settings) -> int:
        fields = ['verb', '', name, *words]
        try:
            return _ask(fields, settings)
        except DaemonUnreachable:
            return _read_alone(fields, settings)

    return send


def _usage(verb: click.Command) -> str:
    context = click.Context(verb, info_name=verb.name)
    options = [f'[{option.opts[0]}]' for option in verb.params if isinstance(option, click.Option)]
    arguments = [
        argument.make_metavar(context) for argument in verb.params if isinstance(argument, click.Argument)
    ]
    return ' '.join([*arguments, *options])


def _ask(fields: Sequence[str], settings: Settings) -> int:
    answer = wire.ask(Home(settings.home).socket, fields)
    for kind, text in answer:
        _print(text, kind == wire.ERROR)
    return answer.status


def _read_alone(fields: list[str], settings: Settings) -> int:
    answering = import_module(UNATTENDED).respond_alone(fields, settings)
    try:
        while True:
            piece = next(answering)
            _print(piece, isinstance(piece, wire.ErrorOutput))
    except StopIteration as end:
        return int(end.value)


def _print(text: bytes, error: bool) -> None:
    stream = sys.stderr.buffer if error else sys.stdout.buffer
    stream.write(text)
    stream.flush()
