"""Answers the verbs of releases."""

from gitreceive.commands import releases
from gitreceive.daemon import render
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor


def _releases(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    limit, json = asked.number('limit') or 20, asked.switch('json')
    found = releases.list_releases(actor, asked.app, limit, parts.home, parts.journal.releases)
    return render.listed(
        [render.release_row(each, parts.receiver.slugs.url(each), json) for each in found], json
    )


def _rollback(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    version, found = asked.text('version'), parts.journal.releases
    started = releases.roll_back(actor, asked.app, version, parts.home, found, parts.submit)
    return parts.carried_out(started, asked)


ANSWERS: Answers = {
    'releases': _releases,
    'rollback': _rollback,
}
