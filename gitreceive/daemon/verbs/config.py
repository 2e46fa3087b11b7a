"""Answers the verbs of config."""

from collections.abc import Sequence

from gitreceive.commands import config
from gitreceive.daemon import render
from gitreceive.daemon.rows.config import changing, config_change
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.carrying import carry_out
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor


def _config(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    pairs, unset = config.read_pairs(asked.texts('pairs')), asked.texts('unset')
    if pairs.values or pairs.from_input or unset or asked.text('file'):
        if pairs.shown:
            raise config.mixed(pairs)
        return _change_config(parts, actor, asked, asking, pairs, unset)
    if len(pairs.shown) == 1:
        return _value(parts, actor, asked, pairs.shown[0])
    found = config.list_config(actor, asked.app, parts.home, parts.journal.apps)
    wanted = {name: found[name] for name in pairs.shown if name in found} if pairs.shown else found
    return render.config_table(wanted, asked.switch('reveal'), asked.switch('json'))


def _config_get(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    return _value(parts, actor, asked, asked.text('name') or '')


def _config_set(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    pairs = config.read_pairs(asked.texts('pairs'))
    if pairs.shown or not (pairs.values or pairs.from_input or asked.text('file')):
        raise config.mixed(pairs)
    return _change_config(parts, actor, asked, asking, pairs, ())


def _config_unset(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    return _change_config(parts, actor, asked, asking, config.Pairs(values={}), asked.texts('names'))


def _change_config(
    parts: Parts,
    actor: Actor,
    asked: Invocation,
    asking: Asking,
    pairs: config.Pairs,
    unset: Sequence[str],
) -> str | Answering:
    values = config.read_values(pairs, asked.values.get('file'), asking.read_input)
    change = config.change_config(actor, asked.app, values, unset, parts.home, parts.journal.apps)
    if parts.receiver.running and not asked.switch('no_restart'):
        started = config.release_config(actor, asked.app, change, parts.journal, parts.submit)
        if started:
            return carry_out(parts, started, asked, f'{changing(change)} and restarting {asked.app}')
    return config_change(asked.app, change, _when(parts, asked), asked.switch('json'))


def _when(parts: Parts, asked: Invocation) -> str:
    """From when on a change counts that restarts nothing."""
    live = parts.journal.releases.live(asked.app)
    if live is None:
        return 'its first release has it'
    if parts.receiver.running is None:
        return f'the next build has it; "rebuild {asked.app}" makes one'
    return f'the next release has it; v{live.version} goes on without it'


def _value(parts: Parts, actor: Actor, asked: Invocation, name: str) -> str:
    value = config.get_config(actor, asked.app, name, parts.home, parts.journal.apps)
    return render.as_json({'name': name, 'value': value}) if asked.switch('json') else f'{value}\n'


ANSWERS: Answers = {
    'config': _config,
    'config get': _config_get,
    'config set': _config_set,
    'config unset': _config_unset,
}
