"""Answers the verbs of builds."""

from gitreceive.commands import builds
from gitreceive.daemon import render
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.carrying import carry_out
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor


def _builds(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    limit = asked.number('limit') or 20
    found = builds.list_builds(actor, asked.maybe_app, limit, parts.home, parts.journal)
    return render.listed([*map(render.build_row, found)], asked.switch('json'))


def _cancel(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    ended = builds.cancel(actor, asked.app, parts.home, parts.journal, parts.end)
    return render.cancelled(asked.app, ended)


def _plan(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    show = render.plan_json if asked.switch('json') else render.plan_text
    return parts.plans.of_ref(actor, asked.app, asked.text('ref'), asking.call_when_gone, show)


def _rebuild(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    nocache = asked.switch('nocache')
    build = builds.rebuild(actor, asked.app, nocache, parts.home, parts.journal, parts.submit)
    return carry_out(parts, build, asked)


ANSWERS: Answers = {
    'builds': _builds,
    'cancel': _cancel,
    'plan': _plan,
    'rebuild': _rebuild,
}
