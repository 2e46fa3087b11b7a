"""What the Scala buildpack plans, from project/build.properties and system.properties."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.config.resources import directory
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, javas=('17.0.21.1',))
SCALA = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'scala')
PROPERTIES = 'project/build.properties'
APP: dict[str, str | bytes] = {'build.sbt': '', PROPERTIES: 'sbt.version=1.10.7\n'}


def plan(files: dict[str, str | bytes], **env: str) -> Plan:
    return SCALA.plan(FakeSource(files), STACK, env)


def refusal(files: dict[str, str | bytes], **env: str) -> str:
    with pytest.raises(DetectError) as error:
        plan(files, **env)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'reason'),
    [
        ({'build.sbt': ''}, 'build.sbt'),
        ({'shop.sbt': ''}, 'shop.sbt'),
        ({PROPERTIES: ''}, PROPERTIES),
        ({'project/Build.scala': ''}, 'project/Build.scala'),
        ({'.sbt/x.scala': ''}, '.sbt/x.scala'),
        ({'src/main/scala/A.scala': ''}, None),
    ],
)
def test_what_only_sbt_reads_marks_the_platform(files: dict[str, str | bytes], reason: str | None) -> None:
    assert SCALA.detect(FakeSource(files)) == reason


def test_sbt_and_java_are_chosen_and_the_staged_program_is_started() -> None:
    found = plan(APP | {'system.properties': 'java.runtime.version=17'})
    assert [(choice.tool, choice.wanted, choice.source) for choice in found.choices] == [
        ('Java', '17.0.21.1', 'system.properties'),
        ('sbt', '1.10.7', PROPERTIES),
    ]
    assert (found.values['tasks'], found.values['start']) == ('compile stage', 'stage')
    assert [(process.name, process.command) for process in found.processes] == [('web', 'start-stage')]


def test_with_a_procfile_no_program_is_looked_for() -> None:
    found = plan(APP | {'Procfile': 'web: x'})
    assert (found.values['start'], found.processes) == ('procfile', ())


@pytest.mark.parametrize('version', ['1.10.7', '2.0.1', '1.11.0-RC2', '1.12.0-M1'])
def test_published_forms_of_versions_are_taken(version: str) -> None:
    assert plan(APP | {PROPERTIES: f'# x\r\nsbt.version = {version}\r\n'}).values['sbt'] == version


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('', 'names no version of sbt: write "sbt.version=1.10.7"'),
        ('sbt.version=', 'names no version of sbt'),
        ('sbt.version=1.10', 'is no version of sbt'),
        ('sbt.version=$(touch', 'is no version of sbt'),
        ('sbt.version=1.10.7:jar', 'is no version of sbt'),
        ('sbt.version=../../1.1.1', 'is no version of sbt'),
        ('sbt.version=0.13.18', 'needs Java 8'),
        (b'\0' * 10_000_001, 'at most 10,000,000 are read'),
    ],
    ids=range(8),
)
def test_a_missing_or_strange_version_is_refused_with_what_to_write(content: str | bytes, said: str) -> None:
    assert said in refusal(APP | {PROPERTIES: content})


def test_without_build_properties_the_file_is_asked_for() -> None:
    assert 'there is no project/build.properties: write "sbt.version=1.10.7"' in refusal({'build.sbt': ''})


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('java.runtime.version=99', 'asks for Java 99, and the stack cedar-12 has 17.0.21.1'),
        ('java.runtime.version=$(touch', 'is no version of Java'),
        (b' ' * 10_000_001, 'at most 10,000,000 are read'),
    ],
    ids=range(3),
)
def test_an_impossible_java_is_refused(content: str | bytes, said: str) -> None:
    assert said in refusal(APP | {'system.properties': content})


@pytest.mark.parametrize('tasks', ['-J-XX:OnError=id', ';reload', '$(id)', '', '"a b"'])
def test_what_is_no_task_is_refused(tasks: str) -> None:
    assert 'which is no task' in refusal(APP, SBT_TASKS=tasks)


def test_tasks_can_be_chosen() -> None:
    assert plan(APP, SBT_TASKS=' assembly  web/stage ').values['tasks'] == 'assembly web/stage'


def test_a_committed_target_is_told() -> None:
    assert 'target is in the repository' in ' '.join(plan(APP | {'target/x': ''}).notes)


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            "[error] Not a valid command: stage (similar: set, last, task)\n[error] Not a valid project ID: stage\n[error] Expected ':'\n[error] Not a valid key: stage (similar: state, test, target)",
            'sbt has no task "stage"\nAdd sbt-native-packager',
        ),
        (
            '[error] (update) sbt.librarymanagement.ResolveException: Error downloading org.apache.commons:commons-text:99.9\n[error]   Not found\n[error]   not found: /tmp/home/.ivy2/localorg.apache.commons/commons-text/99.9/ivys/ivy.xml',
            'there is no org.apache.commons:commons-text:99.9 in the repositories',
        ),
        (
            '/app/src/build.sbt:2: error: not found: value unknown\nscalaVersion := unknown\n                ^\n[error] Type error in expression',
            'the build definition is wrong: not found: value unknown\n',
        ),
        (
            '[error] [/app/src/build.sbt]:2: unclosed string literal',
            'the build definition is wrong: unclosed string literal\n',
        ),
        (
            '[error] /app/src/src/main/scala/Hello.scala:1:34: type mismatch;\n[error] (Compile / compileIncremental) Compilation failed',
            'the code does not compile\n',
        ),
        (
            'project/build.properties asks for sbt 1.99.0, and there is no such version',
            'and there is no such version\nCorrect it',
        ),
        (
            'no Procfile, and 0 programs that can be started: ',
            'there is no program to start, and no Procfile\n',
        ),
        (
            'no Procfile, and 2 programs that can be started: a/b c/d',
            'several programs can be started: a/b c/d\n',
        ),
        (
            "[error] Not a valid command: nosuchtask (similar: tasks)\n[error] Not a valid project ID: nosuchtask\n[error] Expected ':'\n[error] Not a valid key: nosuchtask (similar: products)",
            'sbt has no task "nosuchtask"\n',
        ),
        (
            "Unrecognized VM option 'MaxPermSize=256m'\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.",
            'the JVM does not know "MaxPermSize=256m"\n',
        ),
        (
            '[error] Failed: Total 1, Failed 1, Errors 0, Passed 0\n[error] Failed tests:\n[error] \tHelloTest\n[error] (Test / test) sbt.TestsFailedException: Tests unsuccessful',
            'tests of the app fail\n',
        ),
        (
            '[error] (update) sbt.librarymanagement.ResolveException: Error downloading org.scala-lang:scala-library:2.12.99\n[error]   Not found\n[error]   Not found\n[error]   not found: /tmp/cache/scala/ivy/localorg.scala-lang/scala-library/2.12.99/ivys/ivy.xml\n[error]   download error: Caught java.net.UnknownHostException (repository.example) while downloading https://repository.example/maven2/org/scala-lang/scala-library/2.12.99/scala-library-2.12.99.pom',
            'a repository could not be reached\nTry again',
        ),
        (
            '[error] [launcher] xsbt.boot.internal.shaded.coursier.error.ResolutionError$CantDownloadModule: Error downloading org.scala-sbt:sbt:1.10.7\n  not found: /tmp/home/.ivy2/local/org.scala-sbt/sbt/1.10.7/ivys/ivy.xml\n  download error: Caught java.net.UnknownHostException (repository.example) while downloading https://repository.example/maven2/org/scala-sbt/sbt/1.10.7/sbt-1.10.7.pom\n[error] [launcher] could not retrieve sbt 1.10.7',
            'a repository could not be reached\nTry again',
        ),
        ('[error] java.lang.OutOfMemoryError: Java heap space', 'ran out of memory\nGive the JVM'),
        ('/tmp/buildpack/sbt: line 24:    12 Killed                  java', 'out of memory'),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = SCALA.explain('sbt', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


@pytest.mark.parametrize(
    ('built', 'starts', 'left'),
    [
        (('target/scala-2.13/app.jar',), 'procfile', ['target/scala-2.13/app.jar']),
        (
            (
                'target/scala-2.13/app.jar',
                'target/universal/stage/bin/app',
                'target/universal/stage/lib/app.jar',
            ),
            'stage',
            ['target/universal/stage/bin/app', 'target/universal/stage/lib/app.jar'],
        ),
        (
            (
                'target/out/jvm/scala-3/app/universal/stage/bin/app',
                'target/out/jvm/scala-3/app/classes/A.class',
            ),
            'stage',
            ['target/out/jvm/scala-3/app/universal/stage/bin/app'],
        ),
        (
            ('web/target/universal/stage/bin/web', 'web/target/x'),
            'stage',
            ['web/target/universal/stage/bin/web'],
        ),
    ],
)
def test_what_only_compiling_needs_is_taken_away_where_something_was_staged(
    tmp_path: Path, built: tuple[str, ...], starts: str, left: list[str]
) -> None:
    for name in (*built, 'project/target/x', 'src/main/scala/A.scala'):
        (tmp_path / 'src' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'src' / name).touch()
    folder = directory('buildpacks') / 'scala'
    script = (folder / 'finish').read_text().replace('/app/', f'{tmp_path}/')
    call = ['bash', '-c', script, str(folder / 'finish'), starts]
    subprocess.run(call, check=True, capture_output=True)
    found = [path.relative_to(tmp_path / 'src') for path in (tmp_path / 'src').rglob('*') if path.is_file()]
    assert sorted(map(str, found)) == sorted([*left, 'src/main/scala/A.scala'])


@given(st.binary(max_size=100), st.text(max_size=30))
def test_any_bytes_are_planned_or_refused(content: bytes, tasks: str) -> None:
    try:
        found = plan(APP | {PROPERTIES: b'sbt.version=1.10.' + content}, SBT_TASKS=tasks)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    assert str(found.values['sbt']).startswith('1.10.')
