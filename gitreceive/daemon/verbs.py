"""The verbs at the daemon's edge: which use case answers which verb, and how its value is shown."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from importlib.metadata import version
from typing import Protocol

from gitreceive.commands import allowed, apps, builds, config, releases
from gitreceive.commands.reach import reached_apps
from gitreceive.daemon import render
from gitreceive.daemon.branch import set_back
from gitreceive.daemon.follow import closing, finished, follow, missing_log, read_log
from gitreceive.daemon.services import Services
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verdict import exit_status
from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import Invocation, parse
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor
from gitreceive.model.operation import Destroy, Operation

log = logging.getLogger(__name__)


class Asking(Protocol):
    """Whoever waits for the answer."""

    def read_input(self, limit: int) -> bytes:
        """All of their input, but at most ``limit`` bytes and one more."""

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        """While it lasts, ``action`` is called when they go."""


class Verbs:
    """Answers verbs. Every use case gets the ports that it needs, and who acts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._home, self._journal = services.home, services.journal
        self._answers: Mapping[str, Callable[[Actor, Invocation, Asking], str | Answering]] = {
            'allow': self._allow,
            'apps': self._apps,
            'apps create': self._apps_create,
            'apps destroy': self._apps_destroy,
            'apps info': self._apps_info,
            'builds': self._builds,
            'cancel': self._cancel,
            'config': self._config,
            'config get': self._config_get,
            'config set': self._config_set,
            'config unset': self._config_unset,
            'deploy-branch': self._deploy_branch,
            'deploy-branch set': self._deploy_branch_set,
            'help': self._help,
            'logs': self._logs,
            'plan': self._plan,
            'rebuild': self._rebuild,
            'releases': self._releases,
            'rollback': self._rollback,
            'version': self._version,
            'whoami': self._whoami,
        }

    def answer(self, actor: Actor, words: Sequence[str], asking: Asking) -> Answering:
        """Parses and carries out one command. Raises BadCommand and what the use case raises."""
        invocation = parse(words)
        if invocation.verb.changes:
            log.info('%s: %s %s', actor.name, invocation.verb.name, invocation.maybe_app or '')
        told = self._answers[invocation.verb.name](actor, invocation, asking)
        if not isinstance(told, str):
            return (yield from told)
        yield told.encode()
        return End(0)

    def followed(self, number: int, offset: int = 0) -> Answering:
        """The log of an operation to its end, then 0 if it succeeded, else 1."""
        for piece in follow(number, offset, self._services):
            if isinstance(piece, Operation):
                return End(exit_status(piece))
            yield piece
        return End(1)

    def _allow(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        added, removed = asked.texts('paths'), asked.texts('remove')
        if not added and not removed:
            found = allowed.allowed_paths(actor, asked.app, self._home, self._journal.apps)
            return render.listed([{'path': path} for path in found], asked.switch('json'), cut=False)
        found = allowed.change_allowed_paths(actor, asked.app, added, removed, self._home, self._journal.apps)
        return render.lines(f'{asked.app}: {", ".join(found) or "no path"} may hold what looks secret')

    def _apps(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.list_apps(actor, self._home, self._journal)
        return render.listed([*map(render.app_row, found)], asked.switch('json'))

    def _apps_create(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        made = apps.create_app(actor, asked.app, self._services.settings.apps.create, self._home)
        return render.lines(f'Created {asked.app}' if made else f'{asked.app} is there already')

    def _apps_destroy(self, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
        apps.check_destroy(actor, asked.app, asked.text('confirm'), self._home)
        for operation in self._journal.operations.active(asked.app):
            self._end(operation, actor)
        operation = self._services.intake.enqueue(asked.app, Destroy(), actor)
        return (yield from self.followed(operation.number))

    def _apps_info(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.app_info(actor, asked.app, self._home, self._journal)
        return render.described(render.app_record(found, asked.switch('json')), asked.switch('json'))

    def _deploy_branch(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.app_info(actor, asked.app, self._home, self._journal)
        return render.lines(
            found.branch or f'{asked.app} was not deployed yet: main or master, by the first push'
        )

    def _deploy_branch_set(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        branch = asked.text('branch') or ''
        apps.set_deploy_branch(actor, asked.app, branch, self._home, self._journal)
        return render.lines(f'{asked.app} is deployed from {branch} now')

    def _builds(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        limit = asked.number('limit') or 20
        found = builds.list_builds(actor, asked.maybe_app, limit, self._home, self._journal)
        return render.listed([*map(render.build_row, found)], asked.switch('json'))

    def _cancel(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        ended = builds.cancel(actor, asked.app, self._home, self._journal, self._end)
        return render.cancelled(asked.app, ended)

    def _config(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        pairs, unset = config.read_pairs(asked.texts('pairs')), asked.texts('unset')
        if pairs.values or pairs.from_input or unset or asked.text('file'):
            if pairs.shown:
                raise config.mixed(pairs)
            return self._change_config(actor, asked, asking, pairs, unset)
        if len(pairs.shown) == 1:
            return self._value(actor, asked, pairs.shown[0])
        found = config.list_config(actor, asked.app, self._home, self._journal.apps)
        wanted = {name: found[name] for name in pairs.shown if name in found} if pairs.shown else found
        return render.config_table(wanted, asked.switch('reveal'), asked.switch('json'))

    def _config_get(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return self._value(actor, asked, asked.text('name') or '')

    def _config_set(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        pairs = config.read_pairs(asked.texts('pairs'))
        if pairs.shown or not (pairs.values or pairs.from_input or asked.text('file')):
            raise config.mixed(pairs)
        return self._change_config(actor, asked, asking, pairs, ())

    def _config_unset(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return self._change_config(actor, asked, asking, config.Pairs(values={}), asked.texts('names'))

    def _change_config(
        self, actor: Actor, asked: Invocation, asking: Asking, pairs: config.Pairs, unset: Sequence[str]
    ) -> str:
        file = asked.values.get('file')
        values = config.read_values(pairs, file, asking.read_input)
        changed = config.change_config(actor, asked.app, values, unset, self._home, self._journal.apps)
        return render.config_change(asked.app, changed)

    def _value(self, actor: Actor, asked: Invocation, name: str) -> str:
        value = config.get_config(actor, asked.app, name, self._home, self._journal.apps)
        return render.as_json({'name': name, 'value': value}) if asked.switch('json') else f'{value}\n'

    def _help(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return help_text(asked.texts('words'), 'gitreceive')

    def _logs(self, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
        build = builds.find_build(actor, asked.app, asked.number('build'), self._home, self._journal)
        if asked.switch('follow'):
            return (yield from self.followed(build.number))
        yield missing_log(build, self._home)
        yield from read_log(self._home, build.number)
        if build.state.final:
            yield closing(build, self._services)
        return End(0)

    def _plan(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        show = render.plan_json if asked.switch('json') else render.plan_text
        plans = self._services.plans
        return plans.of_ref(actor, asked.app, asked.text('ref'), asking.call_when_gone, show)

    def _rebuild(self, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
        submit = self._services.intake.enqueue
        build = builds.rebuild(actor, asked.app, asked.switch('nocache'), self._home, self._journal, submit)
        return self._carried_out(build, asked)

    def _releases(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        limit, json = asked.number('limit') or 20, asked.switch('json')
        found = releases.list_releases(actor, asked.app, limit, self._home, self._journal.releases)
        url = self._services.slugs.url
        return render.listed([render.release_row(each, url(each), json) for each in found], json)

    def _rollback(self, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
        submit, found = self._services.intake.enqueue, self._journal.releases
        started = releases.roll_back(actor, asked.app, asked.text('version'), self._home, found, submit)
        return self._carried_out(started, asked)

    def _version(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return render.lines(f'gitreceive {version("gitreceive")}')

    def _whoami(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return render.described(render.identity(actor, reached_apps(actor, self._home)), asked.switch('json'))

    def _carried_out(self, operation: Operation, asked: Invocation) -> str | Answering:
        if asked.switch('detach'):
            return render.lines(f'{operation.title} is queued')
        return self.followed(operation.number)

    def _end(self, operation: Operation, actor: Actor) -> Operation:
        back = partial(set_back, operation, self._journal, self._home)
        self._services.queue.cancel(operation, f'cancelled by {actor.name}', back)
        return finished(operation.number, self._services)
