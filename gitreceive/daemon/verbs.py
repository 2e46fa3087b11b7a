"""The verbs at the daemon's edge: which use case answers which verb, and how its value is shown."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Protocol

from gitreceive.commands import allowed, apps, builds, config, releases
from gitreceive.commands.access import reached_apps
from gitreceive.commands.plan import Plans
from gitreceive.config.home import Home
from gitreceive.daemon import render
from gitreceive.daemon.branch import set_back
from gitreceive.daemon.follow import Follower, missing_log, read_log
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.socket import Answering
from gitreceive.daemon.verdict import exit_status
from gitreceive.grammar.help import help_text
from gitreceive.grammar.parsing import Invocation, parse
from gitreceive.grammar.wire import End, ErrorOutput
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.operation import Destroy, Operation
from gitreceive.model.release import Release

log = logging.getLogger(__name__)


class Asking(Protocol):
    """Whoever waits for the answer."""

    def read_input(self, limit: int) -> bytes:
        """All of their input, but at most ``limit`` bytes and one more."""

    def call_when_gone(self, action: Callable[[], None]) -> AbstractContextManager[None]:
        """While it lasts, ``action`` is called when they go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """Answers verbs: each use case gets the ports that it needs, and who acts.

    ``submit`` journals an operation and wakes a worker; ``url`` says where a release's slug lies; ``most_of_key``
    how many apps others than the sysadmin may create.
    """

    home: Home
    journal: Journal
    plans: Plans
    follower: Follower
    queue: Queue
    submit: builds.Submit
    url: Callable[[Release], str]
    most_of_key: int

    def answer(self, actor: Actor, words: Sequence[str], asking: Asking) -> Answering:
        """Parses and carries out one command. Raises BadCommand and what the use case raises."""
        invocation = parse(words)
        if invocation.verb.changes:
            log.info('%s: %s %s', actor.name, invocation.verb.name, invocation.maybe_app or '')
        answer = ANSWERS[invocation.verb.name](self, actor, invocation, asking)
        if not isinstance(answer, str):
            return (yield from answer)
        yield answer.encode()
        return End(0)

    def _followed(self, number: int) -> Answering:
        """The log of an operation to its end, then 0 if it succeeded, else 1."""
        for piece in self.follower.follow(number):
            if isinstance(piece, Operation):
                return End(exit_status(piece))
            yield piece
        yield ErrorOutput(b' !     The daemon is not running; this goes on once it is back\n')
        return End(1)

    def _allow(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        added, removed = asked.texts('paths'), asked.texts('remove')
        if not added and not removed:
            found = allowed.allowed_paths(actor, asked.app, self.home, self.journal.apps)
            return render.listed([{'path': path} for path in found], asked.switch('json'), cut=False)
        found = allowed.change_allowed_paths(actor, asked.app, added, removed, self.home, self.journal.apps)
        return render.lines(f'{asked.app}: {", ".join(found) or "no path"} may hold what looks secret')

    def _apps(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.list_apps(actor, self.home, self.journal)
        return render.listed([*map(render.app_row, found)], asked.switch('json'))

    def _apps_create(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        made = apps.create_app(actor, asked.app, self.most_of_key, self.home)
        return render.lines(f'Created {asked.app}' if made else f'{asked.app} is there already')

    def _apps_destroy(self, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
        apps.check_destroy(actor, asked.app, asked.text('confirm'), self.home)
        for operation in self.journal.operations.active(asked.app):
            self._end(operation, actor)
        operation = self.submit(asked.app, Destroy(), actor)
        return (yield from self._followed(operation.number))

    def _apps_info(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.app_info(actor, asked.app, self.home, self.journal)
        return render.described(render.app_record(found, asked.switch('json')), asked.switch('json'))

    def _deploy_branch(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        found = apps.app_info(actor, asked.app, self.home, self.journal)
        return render.lines(
            found.branch or f'{asked.app} was not deployed yet: main or master, by the first push'
        )

    def _deploy_branch_set(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        branch = asked.text('branch') or ''
        apps.set_deploy_branch(actor, asked.app, branch, self.home, self.journal)
        return render.lines(f'{asked.app} is deployed from {branch} now')

    def _builds(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        limit = asked.number('limit') or 20
        found = builds.list_builds(actor, asked.maybe_app, limit, self.home, self.journal)
        return render.listed([*map(render.build_row, found)], asked.switch('json'))

    def _cancel(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        ended = builds.cancel(actor, asked.app, self.home, self.journal, self._end)
        return render.cancelled(asked.app, ended)

    def _config(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        pairs, unset = config.read_pairs(asked.texts('pairs')), asked.texts('unset')
        if pairs.values or pairs.from_input or unset or asked.text('file'):
            if pairs.shown:
                raise config.mixed(pairs)
            return self._change_config(actor, asked, asking, pairs, unset)
        if len(pairs.shown) == 1:
            return self._value(actor, asked, pairs.shown[0])
        found = config.list_config(actor, asked.app, self.home, self.journal.apps)
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
        changed = config.change_config(actor, asked.app, values, unset, self.home, self.journal.apps)
        return render.config_change(asked.app, changed)

    def _value(self, actor: Actor, asked: Invocation, name: str) -> str:
        value = config.get_config(actor, asked.app, name, self.home, self.journal.apps)
        return render.as_json({'name': name, 'value': value}) if asked.switch('json') else f'{value}\n'

    def _help(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return help_text(asked.texts('words'), 'gitreceive')

    def _logs(self, actor: Actor, asked: Invocation, asking: Asking) -> Answering:
        build = builds.find_build(actor, asked.app, asked.number('build'), self.home, self.journal)
        if asked.switch('follow'):
            return (yield from self._followed(build.number))
        yield missing_log(build, self.home)
        yield from read_log(self.home, build.number)
        if build.state.final:
            yield self.follower.closing(build)
        return End(0)

    def _plan(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        show = render.plan_json if asked.switch('json') else render.plan_text
        return self.plans.of_ref(actor, asked.app, asked.text('ref'), asking.call_when_gone, show)

    def _rebuild(self, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
        nocache = asked.switch('nocache')
        build = builds.rebuild(actor, asked.app, nocache, self.home, self.journal, self.submit)
        return self._carried_out(build, asked)

    def _releases(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        limit, json = asked.number('limit') or 20, asked.switch('json')
        found = releases.list_releases(actor, asked.app, limit, self.home, self.journal.releases)
        return render.listed([render.release_row(each, self.url(each), json) for each in found], json)

    def _rollback(self, actor: Actor, asked: Invocation, asking: Asking) -> str | Answering:
        version, found = asked.text('version'), self.journal.releases
        started = releases.roll_back(actor, asked.app, version, self.home, found, self.submit)
        return self._carried_out(started, asked)

    def _version(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return render.lines(f'gitreceive {version("gitreceive")}')

    def _whoami(self, actor: Actor, asked: Invocation, asking: Asking) -> str:
        return render.described(render.identity(actor, reached_apps(actor, self.home)), asked.switch('json'))

    def _carried_out(self, operation: Operation, asked: Invocation) -> str | Answering:
        if asked.switch('detach'):
            return render.lines(f'{operation.title} is queued')
        return self._followed(operation.number)

    def _end(self, operation: Operation, actor: Actor) -> Operation:
        back = partial(set_back, operation, self.journal, self.home)
        self.queue.cancel(operation, f'cancelled by {actor.name}', back)
        return self.follower.finished(operation.number)


ANSWERS: Mapping[str, Callable[[Verbs, Actor, Invocation, Asking], str | Answering]] = {
    'allow': Verbs._allow,
    'apps': Verbs._apps,
    'apps create': Verbs._apps_create,
    'apps destroy': Verbs._apps_destroy,
    'apps info': Verbs._apps_info,
    'builds': Verbs._builds,
    'cancel': Verbs._cancel,
    'config': Verbs._config,
    'config get': Verbs._config_get,
    'config set': Verbs._config_set,
    'config unset': Verbs._config_unset,
    'deploy-branch': Verbs._deploy_branch,
    'deploy-branch set': Verbs._deploy_branch_set,
    'help': Verbs._help,
    'logs': Verbs._logs,
    'plan': Verbs._plan,
    'rebuild': Verbs._rebuild,
    'releases': Verbs._releases,
    'rollback': Verbs._rollback,
    'version': Verbs._version,
    'whoami': Verbs._whoami,
}
"""Which method answers which verb."""
