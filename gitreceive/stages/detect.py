"""Finds out what a pushed app is, and what to do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from gitreceive.buildpack import LoadedBuildpack
from gitreceive.errors import DetectError, SourceError
from gitreceive.model import Plan, Stack
from gitreceive.ports import Source
from gitreceive.procfile import LIMIT, parse_procfile

PROCFILE = 'Procfile'
NO_WEB = 'There is no web process: nothing will answer HTTP. Add "web: COMMAND" to the Procfile if something should.'
MISSPELT = ('procfile', 'ProcFile', 'PROCFILE', 'Procfile.txt', 'procfile.txt')


def choose_plan(
    source: Source, buildpacks: Sequence[LoadedBuildpack], stack: Stack, env: Mapping[str, str]
) -> Plan:
    """The plan of the first buildpack that recognises the app, with the Procfile's process types if there is one.

    ``env`` are the app's config vars. Raises DetectError, with the remedy, if nobody recognises the app, if its
    manifests contradict each other, or if there is nothing to run.
    """
    for buildpack in buildpacks:
        if buildpack.detect(source):
            plan = _with_procfile(buildpack.plan(source, stack, env), source)
            return _noted(plan)
    raise DetectError(_unrecognised(source, buildpacks))


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
    return replace(plan, processes=processes, processes_from=PROCFILE)


def _noted(plan: Plan) -> Plan:
    if any(process.name == 'web' for process in plan.processes):
        return plan
    return replace(plan, notes=(*plan.notes, NO_WEB))


def _unrecognised(source: Source, buildpacks: Sequence[LoadedBuildpack]) -> str:
    if not any(source.glob(pattern) for pattern in ('*', '*/*', '*/*/*')):
        return 'the commit has no files: add some, commit and push again'
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
