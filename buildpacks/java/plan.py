"""Java apps: pom.xml built by Maven, or a Gradle wrapper; run by a copy of the stack's Java."""

from collections.abc import Iterable, Mapping

from gitreceive.errors import DetectError
from gitreceive.java import JAVA_CAUSES, java_choice
from gitreceive.manifest import CONFLICT, read_text
from gitreceive.model import Plan, ProcessType, Stack
from gitreceive.ports import Source

GRADLES = ('build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts')
MARKERS = ('pom.xml', 'gradlew')

HINTS = dict.fromkeys(
    GRADLES, 'add the Gradle wrapper (gradle wrapper) and commit gradlew and gradle/wrapper/'
) | {
    'build.xml': 'build with Maven or Gradle: add a pom.xml, or a build.gradle with the Gradle wrapper',
}

CAUSES = (
    (
        r'(?:Non-readable|Non-parseable|Malformed) POM \S{1,200}: ([^\n]{1,200})',
        r'pom.xml cannot be read: \g<1>\nCorrect it and commit it ("mvn validate" reads it at home).',
    ),
    (
        r"'dependencies\.dependency\.version' for (\S{1,200}) is missing",
        r'pom.xml names no version of \g<1>\nAdd one, or a parent or import that has it.',
    ),
    (
        r'Could not (?:find|transfer) artifact (\S{1,200}) (?:in|from/to)[^\n]{0,600}(?:Unknown ?[Hh]ost|Connect to|Connection refused|timed out|Network is unreachable)',
        r'the repository of \g<1> could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'Could not find artifact (\S{1,200})|Could not transfer artifact (\S{1,200}) [^\n]{0,300}(?:40[134]|Not Found|Forbidden)',
        r'there is no \g<1>\g<2> in the repositories of the app\nCorrect its name and version in pom.xml, or add the repository that has it.',
    ),
    (
        r'invalid (?:target|source) release: ?(\d{1,3})|release version (\d{1,3}) not supported',
        r'the code asks for Java \g<1>\g<2>, and the JDK of the stack is older\nLower maven.compiler.release (Gradle: the toolchain) to what the stack has.',
    ),
    (
        r'COMPILATION ERROR|Compilation failed; see the compiler',
        'the code does not compile\nIts errors are above; "mvn package" (or "./gradlew build") at home shows the same.',
    ),
    (
        r'no Procfile, and 0 jars that can be run',
        'there is no jar that can be run, and no Procfile\nLet the build make one with a Main-Class (spring-boot-maven-plugin, maven-jar-plugin), or add a Procfile with "web: java -cp ... CLASS".',
    ),
    (
        r'no Procfile, and \d+ jars that can be run: ([^\n]{1,300})',
        r'several jars can be run: \g<1>\nAdd a Procfile that says which: "web: java $JAVA_OPTS -jar target/NAME.jar".',
    ),
    (
        r'There are test failures|There were failing tests',
        'tests of the app fail\nThey are above; the receiver leaves them out unless MAVEN_CUSTOM_OPTS or GRADLE_TASK say otherwise.',
    ),
    (
        r"Task '([\w:-]{1,80})' not found|Unknown lifecycle phase \"([^\"]{1,80})\"",
        r'the build has no task \g<1>\g<2>\nCorrect GRADLE_TASK or MAVEN_CUSTOM_GOALS.',
    ),
    (
        r'Unsupported class file major version|Could not determine java version|could not be started as its JVM',
        "this Gradle does not run on the stack's Java\nTake a newer one: ./gradlew wrapper --gradle-version 8.10, and commit what changes.",
    ),
    (
        r'Could not find or load main class org\.gradle\.wrapper|gradle-wrapper\.jar',
        'gradle/wrapper/gradle-wrapper.jar is missing\nCommit it, with "git add -f" if .gitignore has *.jar.',
    ),
    *JAVA_CAUSES,
)


def detect(source: Source) -> str | None:
    """pom.xml; or gradlew, beside what Gradle builds from."""
    if source.exists('pom.xml'):
        return 'pom.xml'
    return 'gradlew' if source.exists('gradlew') and any(map(source.exists, GRADLES)) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for a version that the stack lacks or a manifest with conflicts."""
    reason = detect(source) or MARKERS[0]
    tool = 'maven' if reason == 'pom.xml' else 'gradle'
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
    if source.exists('package.json'):
        yield 'package.json is there too: this is built as a Java app, and assets are not built. Commit what they are built to.'
