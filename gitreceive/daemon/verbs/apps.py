"""Answers the verbs of apps."""

from gitreceive.commands import allowed, apps, locks
from gitreceive.daemon import render
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verbs.carrying import carry_out
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.operation import Destroy


def _allow(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    added, removed = asked.texts('paths'), asked.texts('remove')
    if not added and not removed:
        found = allowed.allowed_paths(actor, asked.app, parts.home, parts.journal.apps)
        return render.listed([{'path': path} for path in found], asked.switch('json'), cut=False)
    found = allowed.change_allowed_paths(actor, asked.app, added, removed, parts.home, parts.journal.apps)
    return render.lines(f'{asked.app}: {", ".join(found) or "no path"} may hold what looks secret')


def _apps(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = apps.list_apps(actor, parts.home, parts.journal)
    return render.listed([*map(render.app_row, found)], asked.switch('json'))


def _apps_create(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    made = apps.create_app(actor, asked.app, _most_of_key(parts), parts.home)
    return render.lines(f'Created {asked.app}' if made else f'{asked.app} is there already')


def _apps_destroy(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    apps.check_destroy(actor, asked.app, asked.text('confirm'), parts.home, parts.journal.apps)
    for operation in parts.journal.operations.active(asked.app):
        parts.end(operation, actor)
    operation = parts.submit(asked.app, Destroy(), actor)
    return carry_out(parts, operation, asked)


def _apps_info(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = apps.app_info(actor, asked.app, parts.home, parts.journal)
    return render.described(render.app_record(found, asked.switch('json')), asked.switch('json'))


def _apps_lock(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    reason = locks.lock_app(actor, asked.app, asked.text('message'), parts.home, parts.journal.apps)
    if asked.switch('json'):
        return render.as_json({'app': asked.app, 'locked': reason})
    return render.lines(f'{asked.app} is locked: {reason}')


def _apps_rename(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
    new = AppName(asked.text('new') or '')
    started = apps.rename_app(actor, asked.app, new, parts.home, parts.journal, parts.submit)
    return carry_out(parts, started, asked)


def _apps_unlock(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    was = locks.unlock_app(actor, asked.app, parts.home, parts.journal.apps)
    if asked.switch('json'):
        return render.as_json({'app': asked.app, 'locked': None})
    return render.lines(f'{asked.app} is unlocked' if was else f'{asked.app} was not locked')


def _deploy_branch(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = apps.app_info(actor, asked.app, parts.home, parts.journal)
    return render.lines(
        found.branch or f'{asked.app} was not deployed yet: main or master, by the first push'
    )


def _deploy_branch_set(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    branch = asked.text('branch') or ''
    apps.set_deploy_branch(actor, asked.app, branch, parts.home, parts.journal)
    return render.lines(f'{asked.app} is deployed from {branch} now')


def _most_of_key(parts: Parts) -> int:
    """How many apps others than the sysadmin may create."""
    limits = parts.settings.apps
    return limits.per_key if limits.create else 0


ANSWERS: Answers = {
    'allow': _allow,
    'apps': _apps,
    'apps create': _apps_create,
    'apps destroy': _apps_destroy,
    'apps info': _apps_info,
    'apps lock': _apps_lock,
    'apps rename': _apps_rename,
    'apps unlock': _apps_unlock,
    'deploy-branch': _deploy_branch,
    'deploy-branch set': _deploy_branch_set,
}
