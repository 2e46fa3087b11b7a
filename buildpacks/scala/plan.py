"""Scala apps: built by sbt in the version of project/build.properties; run by a copy of the stack's Java."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.java import java_choice
from gitreceive.build.appfiles.manifest import read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES

BUILD = 'project/build.properties'
MARKERS = ('build.sbt', BUILD)
ORDER = 21
ASSETS = 'detected'
OTHERS = ('*.sbt', 'project/*.sbt', 'project/*.scala', '.sbt/*.scala')

LINE = re.compile(r'\s*sbt\.version\s*[=:]\s*(?P<value>\S{0,200})\s*')
VERSION = re.compile(r'\d{1,2}\.\d{1,3}\.\d{1,3}(?:-(?:RC|M)\d{1,2})?', re.ASCII)
TASK = re.compile(r'[A-Za-z0-9][\w:/.+-]{0,100}', re.ASCII)
TASKS = 'compile stage'
OLDEST = (1, 0)
"""sbt 0.13 does not run on Java 9 or newer (its own "Setup" page)."""


def detect(source: Source) -> str | None:
    """build.sbt or project/build.properties, or another file that only sbt reads."""
    found = next((name for name in MARKERS if source.exists(name)), None)
    return found or next((path for pattern in OTHERS for path in source.glob(pattern)[:1]), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for versions that are missing or that the stack lacks."""
    java, sbt = java_choice(source, stack), _sbt(source)
    procfile = source.exists('Procfile')
    return Plan(
        buildpack='scala',
        title='Scala',
        reason=ascii(detect(source) or MARKERS[0])[1:-1],
        choices=(java, sbt),
        values={
            'java': java.wanted,
            'sbt': sbt.wanted,
            'tasks': _tasks(env),
            'start': 'procfile' if procfile else 'stage',
        },
        processes=() if procfile else (ProcessType(name='web', command='start-stage'),),
        processes_from='Procfile'
        if procfile
        else 'No Procfile, so the default for Scala (the program of target/universal/stage)',
        notes=tuple(_notes(source)),
    )


def _sbt(source: Source) -> Choice:
    if not source.exists(BUILD):
        raise DetectError(f'there is no {BUILD}: write "sbt.version=1.10.7" into it and commit it')
    text = read_text(source, BUILD)
    found = [match['value'] for line in text.splitlines() if (match := LINE.fullmatch(line))]
    if not found or not found[-1]:
        raise DetectError(
            f'{BUILD} names no version of sbt: write "sbt.version=1.10.7" into it and commit it'
        )
    if not VERSION.fullmatch(found[-1]):
        shown = ascii(found[-1][:60])[1:-1]
        raise DetectError(
            f'{BUILD} says sbt.version={shown}, which is no version of sbt: write "sbt.version=1.10.7"'
        )
    major, minor = map(int, found[-1].split('.')[:2])
    if (major, minor) < OLDEST:
        raise DetectError(
            f'{BUILD} asks for sbt {found[-1]}, which needs Java 8: change to sbt 1 ("sbt.version=1.10.7")'
        )
    return Choice(tool='sbt', wanted=found[-1], source=BUILD)


def _tasks(env: Mapping[str, str]) -> str:
    """The tasks, as one word; sbt takes what begins with "-" for an option, and some of those run programs."""
    tasks = env.get('SBT_TASKS', TASKS).split()
    wrong = [task for task in tasks if not TASK.fullmatch(task)]
    if wrong or not tasks:
        shown = ascii(wrong[0][:60])[1:-1] if wrong else ''
        raise DetectError(
            f'the config var SBT_TASKS has "{shown}", which is no task: set it to such as "{TASKS}"'
        )
    return ' '.join(tasks)


def _notes(source: Source) -> Iterable[str]:
    if any(source.glob(f'target/{pattern}') for pattern in ('*', '*/*', '*/*/*')):
        yield 'target is in the repository and is not used: "git rm -r --cached target" and add it to .gitignore.'
