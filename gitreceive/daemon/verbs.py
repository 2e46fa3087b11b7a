"""The verbs of the command grammar: the same over SSH and on the host. Each yields text and returns an exit status."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import click

from gitreceive.daemon.branch import set_back
from gitreceive.daemon.follow import closing, finished, follow, missing_log, read_log
from gitreceive.daemon.plans import told_plan
from gitreceive.daemon.services import Services
from gitreceive.daemon.tables import Answering, build_row, listed, release_row
from gitreceive.daemon.verdict import exit_status
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import BadCommand, UnknownApp
from gitreceive.model.operation import Operation, OperationState, Rollback, redeploy
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release
from gitreceive.repositories import ensure_repository, read_ref

REF = re.compile('[A-Za-z0-9_][A-Za-z0-9._/-]{0,127}')
"""A name, without what git reads as an expression."""

CANCELLED = OperationState.CANCELLED

CONFIG_NAME = re.compile('[A-Za-z_][A-Za-z0-9_]{0,99}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A verb's surroundings: what it works with, and for whom."""

    services: Services
    actor: Actor

    def app(self, text: str) -> AppName:
        """The app of that name. Raises UnknownApp, with the same words, if there is none or it is not the asker's."""
        app = parse_app_name(text)
        if app not in self.apps():
            raise UnknownApp(
                f'no app {app} that you may reach; "apps" lists them, and the first push makes one'
            )
        return app

    def apps(self) -> list[AppName]:
        """The apps that the asker may reach: those with a repository, sorted."""
        found = [parse_app_name(path.stem) for path in self.services.home.repos.glob('[a-z]*.git')]
        return sorted(filter(self.actor.reaches, found))


grammar = click.Group('gitreceive', add_help_option=False)


def answer(words: Sequence[str], request: Request) -> Answering:
    """Parses and carries out one command. Raises BadCommand for what is not in the grammar, and what the verb raises."""
    try:
        return grammar.main(list(words), standalone_mode=False, obj=request)  # type: ignore[no-any-return]
    except click.ClickException as error:
        raise BadCommand(f'{error.format_message()} Try "help".') from error


def _verb(
    name: str, *parameters: Callable[[Callable[..., Answering]], Callable[..., Answering]]
) -> Callable[[Callable[..., Answering]], click.Command]:
    def register(function: Callable[..., Answering]) -> click.Command:
        wrapped = click.pass_obj(function)
        for parameter in reversed(parameters):
            wrapped = parameter(wrapped)
        return grammar.command(name, add_help_option=False)(wrapped)

    return register


_APP = click.argument('app')
_MAYBE_APP = click.argument('app', required=False)
_JSON = click.option('--json', 'as_json', is_flag=True)


@_verb('apps', click.argument('create', nargs=-1, metavar='[create NAME]'), _JSON)
def apps(request: Request, create: tuple[str, ...], as_json: bool) -> Answering:
    """The apps, their deploy branches and what they run; on the host, "apps create NAME" makes one."""
    if create:
        return _create(request, create)
    journal = request.services.journal
    rows: list[dict[str, object]] = []
    for app in request.apps():
        current = journal.releases.live(app)
        branch = (journal.apps.deploy_branch(app) or '').removeprefix('refs/heads/')
        rows.append({'app': app, 'branch': branch, 'release': current.version if current else None})
    return listed(rows, as_json)


@_verb('config', _APP, click.argument('pairs', nargs=-1), click.option('--unset', multiple=True), _JSON)
def config(
    request: Request, app: str, pairs: tuple[str, ...], unset: tuple[str, ...], as_json: bool
) -> Answering:
    """The config vars of an app; NAME=VALUE sets one, --unset NAME removes one. They count from the next build on."""
    name, journal = request.app(app), request.services.journal
    if pairs or unset:
        changes = dict(_parse_pair(pair) for pair in pairs)
        journal.apps.change_config(name, changes, unset)
        names = ', '.join([*changes, *(f'{gone} (removed)' for gone in unset)])
        return _said(f'{name}: {names}; the next build has it ("rebuild {name}" makes one)')
    return listed(
        [{'name': var, 'value': value} for var, value in sorted(journal.apps.config(name).items())], as_json
    )


@_verb('allow', _APP, click.argument('paths', nargs=-1), click.option('--remove', multiple=True), _JSON)
def allow(
    request: Request, app: str, paths: tuple[str, ...], remove: tuple[str, ...], as_json: bool
) -> Answering:
    """Paths of an app's slugs, as /app/src/test/key.pem, where what looks secret may stand; --remove PATH."""
    name, journal = request.app(app), request.services.journal
    if paths or remove:
        added, removed = map(_parse_place, paths), map(_parse_place, remove)
        journal.apps.change_allowed_paths(name, list(added), list(removed))
        return _said(
            f'{name}: {", ".join(journal.apps.allowed_paths(name)) or "no path"} may hold what looks secret'
        )
    return listed([{'path': path} for path in journal.apps.allowed_paths(name)], as_json)


@_verb('builds', _MAYBE_APP, _JSON, click.option('--limit', type=click.IntRange(1, 1000), default=20))
def builds(request: Request, app: str | None, as_json: bool, limit: int) -> Answering:
    """The newest builds of an app, or of all."""
    journal = request.services.journal
    name = request.app(app) if app else None
    found = [build for build in journal.operations.of(name, limit) if request.actor.reaches(build.app)]
    return listed([build_row(build, journal.releases.made_by(build.number)) for build in found], as_json)


@_verb('releases', _APP, _JSON, click.option('--limit', type=click.IntRange(1, 1000), default=20))
def releases(request: Request, app: str, as_json: bool, limit: int) -> Answering:
    """The releases of an app, newest first; the first one is what it runs."""
    services = request.services
    found = services.journal.releases.of(request.app(app), limit)
    rows = [release_row(release, services.keeper.url(release), as_json) for release in found]
    return listed(rows, as_json)


@_verb(
    'logs',
    _APP,
    click.option('--build', 'number', type=int),
    click.option('-f', '--follow', 'live', is_flag=True),
)
def logs(request: Request, app: str, number: int | None, live: bool) -> Answering:
    """The log of a build: of the newest one, or of ``--build N``; ``-f`` follows it to its end."""
    services = request.services
    build = _build_of(request, request.app(app), number)
    if live:
        return followed(services, build.number)
    return _printed(services, build)


@_verb('cancel', _APP)
def cancel(request: Request, app: str) -> Answering:
    """Stops what builds or waits of an app; what is live stays live."""
    services, name = request.services, request.app(app)
    cause = f'cancelled by {request.actor.name}'
    found = services.journal.operations.active(name)
    for build in found:
        services.queue.cancel(build, cause, partial(set_back, build, services.journal, services.home))
    ended = [finished(build.number, services) for build in found]
    told = [f'{each.title} {"is" if each.state is CANCELLED else "has"} {each.state}' for each in ended]
    return _said(*told, otherwise=f'nothing of {name} is building')


@_verb('rebuild', _APP, click.option('--nocache', is_flag=True), click.option('--detach', is_flag=True))
def rebuild(request: Request, app: str, nocache: bool, detach: bool) -> Answering:
    """Builds what the deploy branch names once more, and follows the build."""
    services, name = request.services, request.app(app)
    ref = services.journal.apps.deploy_branch(name) or ''
    commit = read_ref(services.home.repo(name), ref) if ref else NO_COMMIT
    if commit == NO_COMMIT:
        raise BadCommand(f'{name} has no released commit to build again; push one')
    options = frozenset({'nocache'} if nocache else ())
    build = services.intake.enqueue(name, redeploy(commit, ref, options), request.actor)
    return _carried_out(services, build, detach)


@_verb('rollback', _APP, click.argument('version', required=False), click.option('--detach', is_flag=True))
def rollback(request: Request, app: str, version: str | None, detach: bool) -> Answering:
    """Makes an older release live again, by default the one before the live one: its slug, with its config vars."""
    services, name = request.services, request.app(app)
    live = services.journal.releases.live(name)
    if live is None:
        raise BadCommand(f'{name} has no release yet')
    older = [each for each in services.journal.releases.of(name, -1) if each.version < live.version]
    target = _chosen(live, older, version)
    wanted = Rollback(version=target.version, commit=target.commit)
    build = services.intake.enqueue(name, wanted, request.actor)
    return _carried_out(services, build, detach)


@_verb('plan', _APP, click.argument('ref', required=False), _JSON)
def plan(request: Request, app: str, ref: str | None, as_json: bool) -> Answering:
    """What a build would do: of the deploy branch, or of a branch, tag or commit that was pushed. Builds nothing."""
    services, name = request.services, request.app(app)
    wanted = ref or services.journal.apps.deploy_branch(name) or ''
    commit = read_ref(services.home.repo(name), wanted) if REF.fullmatch(wanted) else NO_COMMIT
    if commit == NO_COMMIT:
        raise BadCommand(
            f'{name} has no {ref[:60]!a}: name a branch, tag or commit that was pushed'
            if ref
            else f'{name} has no deploy branch yet: push one, or name a branch, tag or commit that was pushed'
        )
    yield told_plan(name, commit, services, as_json)
    return 0


def _carried_out(services: Services, build: Operation, detach: bool) -> Answering:
    if detach:
        return _said(f'Build {build.number} is queued')
    return followed(services, build.number)


def followed(services: Services, number: int, offset: int = 0) -> Answering:
    """The log of a build to its end, then 0 if it made a release, else 1."""
    for piece in follow(number, offset, services):
        if isinstance(piece, Operation):
            return exit_status(piece)
        yield piece
    return 1


def _printed(services: Services, build: Operation) -> Answering:
    yield missing_log(build, services.home)
    yield from read_log(services.home, build.number)
    if build.state.final:
        yield closing(build, services)
    return 0


def _build_of(request: Request, app: AppName, number: int | None) -> Operation:
    journal = request.services.journal
    build = (
        journal.operations.get(number)
        if number is not None
        else next(iter(journal.operations.of(app, 1)), None)
    )
    if build is None or build.app != app:
        which = f'build {number}' if number is not None else 'build'
        raise BadCommand(f'{app} has no {which}; "builds {app}" lists them')
    return build


def _chosen(live: Release, older: Sequence[Release], version: str | None) -> Release:
    """The older release of that version (``v3`` or ``3``), or the newest of them. Raises BadCommand."""
    app, name = live.app, f'v{(version or "").removeprefix("v")}'
    found = next((each for each in older if version is None or name == f'v{each.version}'), None)
    if found:
        return found
    if version is None:
        raise BadCommand(f'{app} has no release before v{live.version}')
    if name == f'v{live.version}':
        raise BadCommand(f'v{live.version} is what {app} runs')
    raise BadCommand(f'{app} has no release {version[:20]!a}; "releases {app}" lists them')


def _create(request: Request, words: tuple[str, ...]) -> Answering:
    if len(words) != 2 or words[0] != 'create':
        raise BadCommand('"apps" lists them, "apps create NAME" makes one')
    if request.actor.key:
        raise BadCommand('apps are created by a first push, or by the sysadmin on the host')
    app = parse_app_name(words[1])
    ensure_repository(request.services.home.repo(app))
    return _said(f'{app} can be pushed to')


def _parse_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition('=')
    if not equals or not CONFIG_NAME.fullmatch(name):
        raise BadCommand(f'{name[:40]!a} is not NAME=VALUE: letters, digits and _, not a digit first')
    return name, value


def _parse_place(text: str) -> str:
    path = text.rstrip('/')
    if not path.startswith('/app/') or {'', '.', '..'}.intersection(path.split('/')[1:]):
        raise BadCommand(f'{text[:80]!a} is no path below /app/, as /app/src/test/key.pem is')
    return path


def _said(*lines: str, otherwise: str = '') -> Answering:
    for line in lines or (otherwise,):
        yield f'{line}\n'.encode()
    return 0
