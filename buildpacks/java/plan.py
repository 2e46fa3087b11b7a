"""Java apps: built by Maven or Gradle, by their wrappers where they are there; run by a copy of the stack's Java."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.java import java_choice
from gitreceive.build.appfiles.manifest import CONFLICT, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES

GRADLES = ('build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts')
MARKERS = ('pom.xml', 'build.gradle', 'build.gradle.kts')
ORDER = 22
ASSETS = 'detected'
KOTLIN_SINCE = 5
"""The first Gradle that reads build scripts in Kotlin (.kts) and has left the trial of them behind."""

HINTS = {'build.xml': 'build with Maven or Gradle: add a pom.xml, or a build.gradle'}


def detect(source: Source) -> str | None:
    """pom.xml; or what Gradle builds from, and gradlew for its name where it is there too."""
    if source.exists('pom.xml'):
        return 'pom.xml'
    found = next(filter(source.exists, GRADLES), None)
    return 'gradlew' if found and source.exists('gradlew') else found


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built.

    Raises DetectError for a version that the stack lacks, a manifest with conflicts, and build scripts that need a wrapper.
    """
    reason = detect(source) or MARKERS[0]
    tool = 'maven' if reason == 'pom.xml' else 'gradle'
    _refuse_conflicts(source, tool)
    choice = java_choice(source, stack)
    gradle = () if reason in ('pom.xml', 'gradlew') else (_gradle_choice(source, stack, reason),)
    taken = (stack.gradle_distribution or 'stack',) if gradle else ()
    procfile = source.exists('Procfile')
    return Plan(
        buildpack='java',
        title=f'Java ({tool.title()})',
        reason=reason,
        choices=(choice, *gradle),
        values={
            'java': choice.wanted,
            'tool': (tool, *taken),
            'start': 'procfile' if procfile else 'jar',
            'folder': 'target' if tool == 'maven' else 'build/libs',
        },
        processes=() if procfile else (ProcessType(name='web', command='start-jar'),),
        processes_from='Procfile'
        if procfile
        else 'No Procfile, so the default for Java (the one jar that can be run)',
        notes=tuple(_notes(source, tool, gradle)),
    )


def _gradle_choice(source: Source, stack: Stack, reason: str) -> Choice:
    """The Gradle for an app without a wrapper: that of the receiver, or the stack's."""
    if stack.gradle_distribution:
        name = stack.gradle_distribution.rpartition('/')[2]
        version = re.fullmatch(r'gradle-(.+)-(?:bin|all)\.zip', name)
        return Choice(
            tool='Gradle',
            wanted=version[1] if version else name,
            source='builds.gradle_distribution of this receiver',
        )
    newest = stack.gradles[-1] if stack.gradles else ''
    kotlin = next((name for name in GRADLES if name.endswith('.kts') and source.exists(name)), '')
    if newest and not (kotlin and int(newest.partition('.')[0]) < KOTLIN_SINCE):
        return Choice(tool='Gradle', wanted=newest, source=f'default of {stack.name}')
    there = (
        f'the stack {stack.name} has Gradle {newest}, which cannot read {kotlin}'
        if newest
        else 'the stack has none'
    )
    raise DetectError(
        f'{reason} is there, and no Gradle wrapper to build with, and {there}: run "gradle wrapper", and commit gradlew '
        'and gradle/wrapper/; or set the config var BUILDPACK_URL to the platform that the app is of'
    )


def _refuse_conflicts(source: Source, tool: str) -> None:
    names = ('pom.xml',) if tool == 'maven' else GRADLES
    for name in filter(source.exists, names):
        text = read_text(source, name)
        marker = CONFLICT.search(text)
        if marker:
            line = text.count('\n', 0, marker.start()) + 1
            raise DetectError(
                f'{name}, line {line}: a merge conflict marker; resolve the conflict and commit the result'
            )


def _notes(source: Source, tool: str, gradle: Iterable[Choice]) -> Iterable[str]:
    folder = 'target' if tool == 'maven' else 'build'
    if any(source.glob(f'{folder}/{pattern}') for pattern in ('*', '*/*', '*/*/*')):
        yield f'{folder} is in the repository and is not used: "git rm -r --cached {folder}" and add it to .gitignore.'
    if tool == 'maven' and source.exists('mvnw'):
        yield 'Built with the Maven wrapper (mvnw).'
    for choice in gradle:
        yield (
            f'There is no Gradle wrapper, so Gradle {choice.wanted} builds it. For the version that you have at home run '
            '"gradle wrapper", and commit gradlew and gradle/wrapper/.'
        )
