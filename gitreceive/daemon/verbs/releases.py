"""Answers the verbs of releases."""

from gitreceive.commands import releases
from gitreceive.daemon import render
from gitreceive.daemon.rows.releases import release_record
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.carrying import carry_out
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName


def _releases(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    limit, json = asked.number('limit') or 20, asked.switch('json')
    found = releases.list_releases(actor, asked.app, limit, parts.home, parts.journal.releases)
    return render.listed(
        [render.release_row(each, parts.receiver.slugs.url(each), json) for each in found], json
    )


def _releases_show(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    version, json = asked.text('version') or '', asked.switch('json')
    found = releases.show_release(actor, asked.app, version, parts.home, parts.journal.releases)
    return render.described(release_record(found, parts.receiver.slugs.url(found.release), json), json)


def _rollback(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    target = releases.Back(version=asked.text('version'), code_only=asked.switch('code_only'))
    started = releases.roll_back(actor, asked.app, target, parts.home, parts.journal, parts.submit)
    return carry_out(parts, started, asked)


def _promote(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    origin = releases.Promoted(app=AppName(asked.text('source') or ''), version=asked.text('release'))
    started = releases.promote(actor, origin, asked.app, parts.home, parts.journal, parts.submit)
    return carry_out(parts, started, asked)


ANSWERS: Answers = {
    'promote': _promote,
    'releases': _releases,
    'releases show': _releases_show,
    'rollback': _rollback,
}
