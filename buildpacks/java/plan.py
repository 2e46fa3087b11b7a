"""Java apps: pom.xml built by Maven, or a Gradle wrapper; run by a copy of the stack's Java."""

from collections.abc import Iterable, Mapping

from gitreceive.errors import DetectError
from gitreceive.java import java_choice
from gitreceive.manifest import CONFLICT, read_text
from gitreceive.model import Plan, ProcessType, Stack
from gitreceive.ports import Source

from .causes import CAUSES as CAUSES

GRADLES = ('build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts')
MARKERS = ('pom.xml', 'gradlew')

HINTS = {'build.xml': 'build with Maven or Gradle: add a pom.xml, or a build.gradle with the Gradle wrapper'}


def detect(source: Source) -> str | None:
    """pom.xml; or what Gradle builds from, and gradlew for its name where it is there too."""
    if source.exists('pom.xml'):
        return 'pom.xml'
    found = next(filter(source.exists, GRADLES), None)
    return 'gradlew' if found and source.exists('gradlew') else found


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for a version that the stack lacks, a manifest with conflicts, or a missing wrapper."""
    reason = detect(source) or MARKERS[0]
    tool = 'maven' if reason == 'pom.xml' else 'gradle'
    if reason in GRADLES:
        raise DetectError(
            f'{reason} is there, and no Gradle wrapper to build with: run "gradle wrapper", and commit gradlew and '
            'gradle/wrapper/; or set the config var BUILDPACK_URL to the platform that the app is of'
        )
    _refuse_conflicts(source, tool)
    choice = java_choice(source, stack)
    procfile = source.exists('Procfile')
    return Plan(
        buildpack='java',
        title=f'Java ({tool.title()})',
        reason=reason,
        choices=(choice,),
        values={
            'java': choice.wanted,
            'tool': tool,
            'start': 'procfile' if procfile else 'jar',
            'folder': 'target' if tool == 'maven' else 'build/libs',
        },
        processes=() if procfile else (ProcessType(name='web', command='start-jar'),),
        processes_from='Procfile'
        if procfile
        else 'No Procfile, so the default for Java (the one jar that can be run)',
        notes=tuple(_notes(source, tool)),
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


def _notes(source: Source, tool: str) -> Iterable[str]:
    folder = 'target' if tool == 'maven' else 'build'
    if any(source.glob(f'{folder}/{pattern}') for pattern in ('*', '*/*', '*/*/*')):
        yield f'{folder} is in the repository and is not used: "git rm -r --cached {folder}" and add it to .gitignore.'
    if tool == 'maven' and source.exists('mvnw'):
        yield 'Built with the Maven wrapper (mvnw).'
