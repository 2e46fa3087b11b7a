"""Answers the verbs of the receiver itself, and of who asks."""

from importlib.metadata import version

from gitreceive.commands.access import reached_apps
from gitreceive.daemon import render
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor


def _help(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    return help_text(asked.texts('words'), 'gitreceive')


def _version(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    return render.lines(f'gitreceive {version("gitreceive")}')


def _whoami(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    return render.described(render.identity(actor, reached_apps(actor, parts.home)), asked.switch('json'))


ANSWERS: Answers = {
    'help': _help,
    'version': _version,
    'whoami': _whoami,
}
