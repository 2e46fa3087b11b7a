"""The verbs of the grammar on the host: sent to the daemon, or answered from the journal if it is not up."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import click

from gitreceive.cli.attach import attach
from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.grammar import wire
from gitreceive.grammar.attaching import attached_words, wanted_terminal
from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import Invocation, parse
from gitreceive.grammar.verbs import VERBS
from gitreceive.local.terminal import calling_terminal
from gitreceive.model.errors import BadCommand, DaemonUnreachable

UNATTENDED = 'gitreceive.cli.unattended'
"""Loaded only if the daemon is not up: it takes longer to load than most answers to get."""

PIECE = 65536


def verb_command(name: str) -> click.Command:
    """The command of that verb of the grammar; its words go on as they are."""

    @click.command(
        name,
        help=VERBS[name].summary,
        add_help_option=False,
        context_settings={'ignore_unknown_options': True},
    )
    @click.argument('words', nargs=-1, type=click.UNPROCESSED)
    @settings_options
    def send(words: Sequence[str], settings: Settings) -> int:
        invocation = parse([name, *words])
        if invocation.verb.name == 'help':
            click.echo(help_text(invocation.texts('words'), 'gitreceive'), nl=False)
            return 0
        if invocation.verb.ends_in_command:
            return _run(invocation, settings)
        fields = ['verb', '', name, *words]
        with _input(invocation) as stream:
            try:
                answer = wire.ask(Home(settings.home).socket, fields)
            except DaemonUnreachable:
                return _answer_alone(fields, stream, settings)
            return _relay(answer, stream)

    return send


def _run(invocation: Invocation, settings: Settings) -> int:
    """A command of an app, which needs the daemon."""
    calling = calling_terminal()
    terminal = wanted_terminal(invocation, calling)
    answer = wire.ask(Home(settings.home).socket, ['verb', '', *attached_words(invocation, terminal)])
    return attach(answer, terminal=bool(terminal and calling))


def _input(invocation: Invocation) -> AbstractContextManager[BinaryIO | None]:
    """What the verb reads: the file that it names, or standard input."""
    if not invocation.wants_input:
        return nullcontext()
    name = invocation.values.get('file') or '-'
    if name == '-':
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open('rb')
    except OSError as error:
        raise BadCommand(f'cannot read {name}: {error.strerror}') from error


def _relay(answer: wire.Answer, stream: BinaryIO | None) -> int:
    if stream:
        while (piece := stream.read(PIECE)) and answer.send(wire.Frame(wire.INPUT, piece)):
            pass
        answer.send(wire.Frame(wire.INPUT_END))
    for kind, text in answer:
        _print(text, kind == wire.ERROR)
    return answer.status


def _answer_alone(fields: list[str], stream: BinaryIO | None, settings: Settings) -> int:
    answering = import_module(UNATTENDED).respond_alone(fields, stream, settings)
    try:
        while True:
            piece = next(answering)
            _print(piece, isinstance(piece, wire.ErrorOutput))
    except StopIteration as end:
        return int(end.value.status)


def _print(text: bytes, error: bool) -> None:
    stream = sys.stderr.buffer if error else sys.stdout.buffer
    stream.write(text)
    stream.flush()
