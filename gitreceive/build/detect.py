"""Finds out what a pushed app is, and what to do with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from gitreceive.build.appfiles.classic import SETTING, Asked, asked_for, in_home, platform_name
from gitreceive.build.appfiles.foreign import foreign_notes, foreign_start
from gitreceive.build.appfiles.manifest import read_json_object
from gitreceive.build.appfiles.procfile import LIMIT, parse_procfile
from gitreceive.build.appfiles.sites import Site, built_site
from gitreceive.build.buildpack import LoadedBuildpack
from gitreceive.build.ports import Source
from gitreceive.build.sources.shown import ShownSource
from gitreceive.build.traits import ASKED, DETECTED
from gitreceive.model.errors import DetectError, SourceError
from gitreceive.model.plan import Plan, Stack

PROCFILE = 'Procfile'
NO_WEB = 'There is no web process: nothing will answer HTTP. Add "web: COMMAND" to the Procfile if something should.'
STATICFILE = 'Staticfile'
MADE_OF = 'package.json'
STRONGER = ('Gemfile', 'composer.json', 'requirements.txt', 'go.mod', 'Cargo.toml', 'pom.xml')
"""Beside these package.json is there for the assets of an app on another platform."""

MISSPELT = ('procfile', 'ProcFile', 'PROCFILE', 'Procfile.txt', 'procfile.txt')


def choose_plan(
    source: Source,
    buildpacks: Sequence[LoadedBuildpack],
    stack: Stack,
    env: Mapping[str, str],
    asked: Asked | None = None,
) -> Plan:
    """The plan of what the app asks for, or of the first buildpack that recognises it; with the Procfile's process types.

    ``env`` are the app's config vars; ``asked`` is what somebody asks for instead of the app. Raises DetectError, with
    the remedy, if nobody recognises the app, if its manifests contradict each other, or if there is nothing to run.
    """
    try:
        start = None if source.exists(PROCFILE) else foreign_start(source)
        shown = _WithFile(source, PROCFILE, f'web: {start.command}\n') if start else source
        asked = asked or asked_for(source, env)
        if asked:
            plan = _asked(asked, shown, buildpacks, stack, env)
        elif site := _site(shown):
            plan = _built_site(site, shown, buildpacks, stack, env)
        else:
            plan = _detected(shown, buildpacks, stack, env)
        plan = _with_procfile(plan, shown)
        if start:
            plan = replace(plan, processes_from=start.file)
        return _noted(replace(plan, notes=(*plan.notes, *foreign_notes(source))))
    except DetectError as error:
        raise DetectError(f'{error}{_about_links(source, buildpacks)}') from error


def _detected(
    source: Source, buildpacks: Sequence[LoadedBuildpack], stack: Stack, env: Mapping[str, str]
) -> Plan:
    fitting = [buildpack for buildpack in buildpacks if buildpack.detect(source)]
    if not fitting:
        raise DetectError(_unrecognised(source, buildpacks))
    first = fitting[0]
    if first.traits.yields:
        first = next((each for each in fitting if each.traits.assets == DETECTED), first)
    maker = _assets_maker(buildpacks)
    if maker is None or first.traits.assets != DETECTED or not source.exists(maker.traits.makes_assets):
        plan = first.plan(source, stack, env)
        beside = _beside(first, source, fitting) if first is maker else ()
        return replace(plan, notes=(*plan.notes, *beside))
    try:
        plan = first.plan(source, stack, env)
        return _with_assets(plan, _assets(maker, source, stack, env))
    except DetectError as error:
        raise DetectError(
            f'{error}\nThe app has {maker.traits.makes_assets} too: the config var {SETTING}={maker.name} makes it a '
            f'Node.js app, {SETTING}={first.name} leaves Node.js out'
        ) from error


def _assets_maker(buildpacks: Sequence[LoadedBuildpack]) -> LoadedBuildpack | None:
    return next((each for each in buildpacks if each.traits.makes_assets), None)


def _beside(maker: LoadedBuildpack, source: Source, fitting: Sequence[LoadedBuildpack]) -> Iterator[str]:
    """What else the app may be, where ``maker`` takes it: a program that only comes with assets if it is asked for."""
    for other in fitting:
        if other.traits.assets == ASKED and other.traits.program:
            yield (
                f'{other.detect(source)} is there, too: {SETTING}={other.name} builds that instead, '
                f'.buildpacks with the lines "{maker.name}" and "{other.name}" both.'
            )


def _asked(
    asked: Asked,
    source: Source,
    buildpacks: Sequence[LoadedBuildpack],
    stack: Stack,
    env: Mapping[str, str],
) -> Plan:
    """The platforms of this receiver that were asked for, or classic buildpacks: not both in one app."""
    known = {buildpack.name: buildpack for buildpack in buildpacks}
    names = [platform_name(name) for name in asked.names]
    platforms = [name for name in names if name in known and name != 'classic']
    if not platforms:
        return known['classic'].plan(source, stack, env)
    maker = _assets_maker(buildpacks)
    main = [known[name] for name in platforms if known[name] is not maker] or [known[platforms[0]]]
    if len(platforms) < len(names) or len(main) > 1 or (len(names) > 1 and not main[0].traits.takes_assets):
        raise DetectError(_not_combined(asked, buildpacks))
    buildpack = main[0]
    if not (buildpack.detect(source) or any(map(source.glob, buildpack.markers))):
        raise DetectError(
            f'{asked.where} asks for {buildpack.name}, and the app has none of {", ".join(buildpack.markers)}'
        )
    plan = buildpack.plan(source, stack, env)
    plan = replace(plan, notes=(f'{asked.where} asks for {", ".join(asked.names)}.', *plan.notes))
    if len(names) == 1 or maker is None:
        return plan
    assets = _assets(maker, source, stack, env)
    if buildpack.traits.program:
        assets = replace(assets, values={**assets.values, 'stays': True})
    return _with_assets(plan, assets)


def _site(source: Source) -> Site | None:
    """A site that a build makes, of an app that nothing else says anything of."""
    others = (PROCFILE, STATICFILE, 'Dockerfile', *STRONGER)
    if not source.exists(MADE_OF) or any(map(source.exists, others)):
        return None
    return built_site(source, read_json_object(source, MADE_OF))


def _built_site(
    site: Site, source: Source, buildpacks: Sequence[LoadedBuildpack], stack: Stack, env: Mapping[str, str]
) -> Plan:
    """The plan of ``node`` and ``static``, as a Staticfile and .buildpacks would ask for them."""
    said = f'root: {site.root}\npushstate: {"enabled" if site.fallback else "disabled"}\n'
    names = Asked(names=('node', 'static'), where=MADE_OF)
    plan = _asked(names, _WithFile(source, STATICFILE, said), buildpacks, stack, env)
    note = (
        f'{site.tool} makes a site of files, and {site.root}/ is served. A Procfile starts a program instead; '
        f'a {STATICFILE} says how files are served.'
    )
    return replace(plan, title=f'{site.tool} site', reason=MADE_OF, notes=(note, *plan.notes[1:]))


def _not_combined(asked: Asked, buildpacks: Sequence[LoadedBuildpack]) -> str:
    maker = _assets_maker(buildpacks)
    beside = ', '.join(each.name for each in buildpacks if each.traits.takes_assets)
    both = f'{maker.name} with one of {beside}, ' if maker and beside else ''
    return (
        f'{asked.where} asks for {", ".join(ascii(name)[1:-1][:60] for name in asked.names)}, which cannot be combined: '
        f'one platform of this receiver alone, {both}or classic buildpacks'
    )


def _assets(maker: LoadedBuildpack, source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """What Node.js does to the code before the main platform gets it: its own plan, without a process."""
    return maker.plan(_WithFile(source, PROCFILE), stack, env)


def _with_assets(plan: Plan, assets: Plan) -> Plan:
    """``plan`` on the code as ``assets`` leaves it."""
    note = f'{assets.title} builds the assets ({assets.reason}) and is not in the slug; {SETTING}={plan.buildpack} leaves it out.'
    if assets.values.get('stays'):
        note = f'{assets.title} works on the code first ({assets.reason}) and is in the slug, too.'
    return replace(
        plan,
        assets=assets,
        choices=(*plan.choices, *assets.choices),
        notes=(*plan.notes, note, *assets.notes),
    )


class _WithFile(ShownSource):
    """The code, with one file more, which says what another one says in other words."""

    def __init__(self, source: Source, path: str, content: str = '') -> None:
        super().__init__(source, lambda path: False)
        self._path, self._content = path, content.encode()

    def exists(self, path: str) -> bool:
        return path == self._path or super().exists(path)

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        return self._content if path == self._path else super().read(path, limit)


def _with_procfile(plan: Plan, source: Source) -> Plan:
    if not source.exists(PROCFILE):
        return plan
    try:
        processes = parse_procfile(source.read(PROCFILE, LIMIT))
    except SourceError as error:
        raise DetectError(str(error)) from error
    if not processes:
        raise DetectError(
            'the Procfile names no process: add a line such as "web: COMMAND", or delete the file'
        )
    directory = plan.values.get('directory')
    placed = tuple(replace(process, command=in_home(process.command, directory)) for process in processes)
    return replace(plan, processes=placed, processes_from=PROCFILE)


def _noted(plan: Plan) -> Plan:
    if not plan.processes or any(process.name == 'web' for process in plan.processes):
        return plan
    return replace(plan, notes=(*plan.notes, NO_WEB))


def _about_links(source: Source, buildpacks: Sequence[LoadedBuildpack]) -> str:
    """What to say if a file that is looked for is there as a symbolic link, which sources do not follow."""
    markers = {PROCFILE, *chain.from_iterable(buildpack.markers for buildpack in buildpacks)}
    links = [file.path for file in source.files() if file.kind == 'link' and file.path in markers]
    if not links:
        return ''
    names = ', '.join(links)
    return f'\nSymbolic links are not followed here, and {names} is one: commit the file itself, or one that includes it'


def _unrecognised(source: Source, buildpacks: Sequence[LoadedBuildpack]) -> str:
    if not any(source.glob(pattern) for pattern in ('*', '*/*', '*/*/*')):
        return 'there are no files (those that git ignores do not count): add some'
    markers = dict.fromkeys(chain.from_iterable(buildpack.markers for buildpack in buildpacks))
    text = f'no buildpack recognises this app (looked for: {", ".join(markers)}); {_remedy(source, buildpacks, markers)}'
    return text


def _remedy(source: Source, buildpacks: Sequence[LoadedBuildpack], markers: Mapping[str, None]) -> str:
    for name in MISSPELT:
        if source.exists(name):
            return f'rename {name} to {PROCFILE}'
    for buildpack in buildpacks:
        for name, hint in buildpack.hints.items():
            if source.exists(name):
                return hint
    for marker in markers:
        deeper = source.glob(f'*/{marker}')
        if deeper:
            folder = deeper[0].rpartition('/')[0]
            return f'{ascii(deeper[0])[1:-1]} is not at the root: move the content of {ascii(folder)[1:-1]} there, or push that directory alone'
    return f'add one of them; a {PROCFILE} alone ("web: COMMAND") is enough for what needs no installing'
