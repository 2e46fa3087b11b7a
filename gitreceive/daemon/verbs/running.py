"""Commands in containers of their own."""

from gitreceive.commands.access import reached
from gitreceive.daemon.attached import pass_on
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.attaching import wanted_terminal
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor


def _run(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
    app = reached(actor, asked.app, parts.home)
    terminal = wanted_terminal(asked)
    (command,) = asked.texts('command')
    with parts.running().oneoffs.begin(app, command, terminal, asking.call_when_gone) as running:
        return (yield from pass_on(running, asking, terminal=terminal is not None))


ANSWERS: Answers = {
    'run': _run,
}
