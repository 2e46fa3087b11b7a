"""Finds out what a pushed app is, and what to do with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from gitreceive.build.appfiles.classic import SETTING, Asked, asked_for, in_home, platform_name
from gitreceive.build.appfiles.procfile import LIMIT, parse_procfile
from gitreceive.build.buildpack import LoadedBuildpack
from gitreceive.build.ports import Source
from gitreceive.build.sources.shown import ShownSource
from gitreceive.model.errors import DetectError, SourceError
from gitreceive.model.plan import Plan, Stack

PROCFILE = 'Procfile'
ASSETS, ASSETS_MARK = 'node', 'package.json'
JAVASCRIPT = ('node', 'bun', 'deno')
"""Platforms that step back for those that may need them for their assets only."""

WITH_ASSETS = ('python', 'ruby', 'java', 'scala', 'php')
"""Platforms of apps that often need Node.js for their assets and for nothing else."""

COMPILED = ('go', 'rust')
BESIDE_NODE = (*WITH_ASSETS, *COMPILED, 'static')
"""Platforms that an app may ask for together with Node.js."""

WITHOUT_NODE = ('static',)
"""Those of them whose process is no program of the app, which could need Node.js."""

NO_WEB = 'There is no web process: nothing will answer HTTP. Add "web: COMMAND" to the Procfile if something should.'
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
        asked = asked or asked_for(source, env)
        if asked:
            plan = _asked(asked, source, buildpacks, stack, env)
        else:
            plan = _detected(source, buildpacks, stack, env)
        return _noted(_with_procfile(plan, source))
    except DetectError as error:
        raise DetectError(f'{error}{_about_links(source, buildpacks)}') from error


def _detected(
    source: Source, buildpacks: Sequence[LoadedBuildpack], stack: Stack, env: Mapping[str, str]
) -> Plan:
    fitting = [buildpack for buildpack in buildpacks if buildpack.detect(source)]
    if not fitting:
        raise DetectError(_unrecognised(source, buildpacks))
    first = fitting[0]
    if first.name in JAVASCRIPT:
        first = next((buildpack for buildpack in fitting if buildpack.name in WITH_ASSETS), first)
    if first.name not in WITH_ASSETS or not source.exists(ASSETS_MARK):
        plan = first.plan(source, stack, env)
        return (
            replace(plan, notes=(*plan.notes, *_beside_node(source, fitting)))
            if first.name == ASSETS
            else plan
        )
    try:
        plan = first.plan(source, stack, env)
        return _with_assets(plan, _assets(source, buildpacks, stack, env))
    except DetectError as error:
        raise DetectError(
            f'{error}\nThe app has {ASSETS_MARK} too: the config var {SETTING}={ASSETS} makes it a Node.js app, '
            f'{SETTING}={first.name} leaves Node.js out'
        ) from error


def _beside_node(source: Source, fitting: Sequence[LoadedBuildpack]) -> Iterator[str]:
    for other in fitting:
        if other.name in COMPILED:
            yield (
                f'{other.detect(source)} is there, too: {SETTING}={other.name} builds that instead, '
                f'.buildpacks with the lines "{ASSETS}" and "{other.name}" both.'
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
    main = [name for name in platforms if name != ASSETS] or [ASSETS]
    if len(platforms) < len(names) or len(main) > 1 or (len(names) > 1 and main[0] not in BESIDE_NODE):
        raise DetectError(
            f'{asked.where} asks for {", ".join(ascii(name)[1:-1][:60] for name in asked.names)}, which cannot be combined: '
            f'one platform of this receiver alone, node with one of {", ".join(BESIDE_NODE)}, or classic buildpacks'
        )
    buildpack = known[main[0]]
    if not (buildpack.detect(source) or any(map(source.glob, buildpack.markers))):
        raise DetectError(
            f'{asked.where} asks for {buildpack.name}, and the app has none of {", ".join(buildpack.markers)}'
        )
    plan = buildpack.plan(source, stack, env)
    plan = replace(plan, notes=(f'{asked.where} asks for {", ".join(asked.names)}.', *plan.notes))
    if len(names) == 1:
        return plan
    assets = _assets(source, buildpacks, stack, env)
    if plan.buildpack not in WITHOUT_NODE:
        assets = replace(assets, values={**assets.values, 'stays': True})
    return _with_assets(plan, assets)


def _assets(
    source: Source, buildpacks: Sequence[LoadedBuildpack], stack: Stack, env: Mapping[str, str]
) -> Plan:
    """What Node.js does to the code before the main platform gets it: its own plan, without a process."""
    node = next(buildpack for buildpack in buildpacks if buildpack.name == ASSETS)
    return node.plan(_Started(source, lambda path: False), stack, env)


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


class _Started(ShownSource):
    """The code, with something that says how it is started: the main platform does."""

    def exists(self, path: str) -> bool:
        return path == PROCFILE or super().exists(path)


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
