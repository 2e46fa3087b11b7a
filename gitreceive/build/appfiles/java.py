"""Which Java an app of a JVM language asks for, and why steps of all of them fail: for the buildpacks java and scala."""

import re

from gitreceive.build.appfiles.manifest import read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Stack

PROPERTIES = 'system.properties'
LINE = re.compile(r'\s*java\.runtime\.version\s*[=:]\s*(?P<value>\S{0,200})\s*')
VERSION = re.compile(
    r'(?:(?:open)?jdk-?|openjdk-|zulu-|heroku-)?(?:1\.)?(?P<version>\d{1,3}(?:\.\d{1,4}){0,4})', re.ASCII
)

JAVA_CAUSES = (
    (
        r'OutOfMemoryError|Java heap space|There is insufficient memory for the Java Runtime',
        'it ran out of memory\nGive the JVM of the build more or less (config vars MAVEN_OPTS, GRADLE_OPTS, SBT_OPTS: -Xmx...), or ask the sysadmin for more memory for builds.',
    ),
    (
        r"(?:Unrecognized VM option|Unrecognized option:|Invalid [a-z ]{1,40}:) '?([^'\n]{1,100})'?\n(?:[^\n]*\n)?Error: Could not create the Java",
        r'the JVM does not know "\g<1>"\nTake it out of where the app sets it: config vars (MAVEN_OPTS, GRADLE_OPTS, SBT_OPTS, JAVA_TOOL_OPTIONS), .mvn/jvm.config, gradle.properties.',
    ),
    (
        r'PKIX path building failed|unable to find valid certification path',
        'the certificate of a repository is not trusted\nThe sysadmin has to add it to the host and run "gitreceive stack build".',
    ),
)
"""Causes of failed steps, as ``CAUSES`` of a buildpack has them."""


def java_choice(source: Source, stack: Stack) -> Choice:
    """The exact Java of ``java.runtime.version`` in system.properties, or the newest of the stack.

    ``17`` is any 17; ``1.8`` is 8 (as Java called itself before 9). Raises DetectError, with what the stack has, for others.
    """
    if not stack.javas:
        raise DetectError(f'the stack {stack.name} has no Java: its sysadmin should build it again')
    asked = _asked(source)
    if not asked:
        return Choice(tool='Java', wanted=stack.javas[-1], source=f'default of {stack.name}')
    fitting = [there for there in stack.javas if there == asked or there.startswith(f'{asked}.')]
    if not fitting:
        major = stack.javas[-1].partition('.')[0]
        raise DetectError(
            f'{PROPERTIES} asks for Java {asked}, and the stack {stack.name} has {", ".join(stack.javas)}: '
            f'write "java.runtime.version={major}" into it, or remove the line'
        )
    return Choice(tool='Java', wanted=fitting[-1], source=PROPERTIES)


def _asked(source: Source) -> str:
    text = read_text(source, PROPERTIES) if source.exists(PROPERTIES) else ''
    found = [match['value'] for line in text.splitlines() if (match := LINE.fullmatch(line))]
    if not found or not found[-1]:
        return ''
    match = VERSION.fullmatch(found[-1])
    if not match:
        shown = ascii(found[-1][:60])[1:-1]
        raise DetectError(
            f'{PROPERTIES} says java.runtime.version={shown}, which is no version of Java: write "17"'
        )
    return match['version']
