"""Answers the verbs of domains, maintenance and sessions."""

from gitreceive.commands import routing
from gitreceive.daemon import render
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand

SWITCH = {'on': True, 'off': False}


def _domains(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = routing.list_domains(actor, asked.app, parts.home, parts.journal)
    below = parts.settings.router.domain
    rows = [
        {'domain': f'{asked.app}.{below}', 'kind': 'given'},
        *({'domain': name, 'kind': 'added'} for name in found),
    ]
    return render.listed(rows, asked.switch('json'), cut=False)


def _domains_add(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    name = asked.text('domain') or ''
    added = routing.add_domain(actor, asked.app, name, parts.home, parts.journal, _names(parts))
    return _done(asked, {'domain': added}, f'{added} leads to {asked.app}; let its DNS record point here')


def _domains_remove(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    name = asked.text('domain') or ''
    gone = routing.remove_domain(actor, asked.app, name, parts.home, parts.journal, _names(parts))
    return _done(asked, {'domain': gone}, f'{gone} leads to {asked.app} no more')


def _maintenance(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    on = _switch(asked)
    if on is not None:
        routing.set_maintenance(actor, asked.app, on, parts.home, parts.journal, _tell(parts))
    return _state(
        asked, 'maintenance', routing.route(actor, asked.app, parts.home, parts.journal).maintenance
    )


def _sessions(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    on = _switch(asked)
    if on is not None:
        routing.set_sessions(actor, asked.app, on, parts.home, parts.journal, _tell(parts))
    return _state(asked, 'sessions', routing.route(actor, asked.app, parts.home, parts.journal).sticky)


def _switch(asked: Invocation) -> bool | None:
    """What was asked for; None to be told how it is."""
    word = asked.text('switch')
    if word is not None and word not in SWITCH:
        raise BadCommand(f'{ascii(word[:20])} is neither on nor off')
    return None if word is None else SWITCH[word]


def _state(asked: Invocation, what: str, on: bool) -> str:
    return _done(asked, {what: on}, f'{what} of {asked.app} is {"on" if on else "off"}')


def _done(asked: Invocation, record: render.Row, sentence: str) -> str:
    return render.as_json({'app': asked.app, **record}) if asked.switch('json') else render.lines(sentence)


def _names(parts: Parts) -> routing.Names:
    return routing.Names(below=parts.settings.router.domain, tell=_tell(parts))


def _tell(parts: Parts) -> routing.Tell:
    """Where nothing is run, there is nobody to be told."""
    running = parts.receiver.running
    return running.traffic.again if running else _untold


def _untold(app: AppName) -> None:
    pass


ANSWERS: Answers = {
    'domains': _domains,
    'domains add': _domains_add,
    'domains remove': _domains_remove,
    'maintenance': _maintenance,
    'sessions': _sessions,
}
