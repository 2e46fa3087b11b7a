"""The stack of an app."""

from gitreceive.commands import stacks
from gitreceive.daemon import render
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.stack import stack_names


def _stack(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    default = parts.settings.apps.stack
    found = stacks.app_stack(actor, asked.app, default, parts.home, parts.journal.apps)
    if asked.switch('json'):
        return render.as_json({'stack': found, 'stacks': list(stack_names())})
    return ''.join(f'{"*" if name == found else " "} {name}\n' for name in stack_names())


def _stack_set(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    name = asked.text('stack') or ''
    stacks.set_stack(actor, asked.app, name, stack_names(), parts.home, parts.journal)
    return render.lines(f'{asked.app} is built on {name} from the next push on')


ANSWERS: Answers = {'stack': _stack, 'stack set': _stack_set}
