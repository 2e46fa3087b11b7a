"""What the Java buildpack plans, from system.properties and what lies beside pom.xml or gradlew."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.config.resources import directory
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(
    name='cedar-12',
    run_image='run',
    build_image='build',
    uid=1000,
    javas=('11.0.2', '17.0.9', '17.0.21.1'),
    gradles=('4.4.1', '4.10.2'),
)
JAVA = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'java')
POM: dict[str, str | bytes] = {'pom.xml': '<project/>'}
GRADLE: dict[str, str | bytes] = {'gradlew': '#!/bin/sh', 'build.gradle.kts': 'plugins {}'}


def plan(files: dict[str, str | bytes]) -> Plan:
    return JAVA.plan(FakeSource(files), STACK, {})


def refusal(files: dict[str, str | bytes]) -> str:
    with pytest.raises(DetectError) as error:
        plan(files)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'tool', 'folder', 'reason'),
    [(POM, 'maven', 'target', 'pom.xml'), (GRADLE, 'gradle', 'build/libs', 'gradlew')],
)
def test_maven_and_gradle_are_told_apart(
    files: dict[str, str | bytes], tool: str, folder: str, reason: str
) -> None:
    found = plan(files)
    assert (found.values['tool'], found.values['folder'], found.reason) == ((tool,), folder, reason)
    assert [(process.name, process.command) for process in found.processes] == [('web', 'start-jar')]
    assert found.values['start'] == 'jar'


def test_a_gradle_wrapper_needs_something_to_build() -> None:
    assert JAVA.detect(FakeSource({'gradlew': ''})) is None
    assert plan({'pom.xml': '<project/>', 'build.gradle': ''}).values['tool'] == ('maven',)


@pytest.mark.parametrize('name', ['build.gradle', 'settings.gradle'])
def test_an_app_without_a_wrapper_is_built_by_the_stacks_gradle(name: str) -> None:
    files = FakeSource({name: '', 'Procfile': 'web: build/install/hello/bin/hello', 'package.json': '{}'})
    found = choose_plan(files, load_buildpacks(), STACK, {})
    assert (found.buildpack, found.reason, found.values['tool']) == ('java', name, ('gradle', 'stack'))
    gradle = found.choices[1]
    assert (gradle.tool, gradle.wanted, gradle.source) == ('Gradle', '4.10.2', 'default of cedar-12')
    assert 'There is no Gradle wrapper, so Gradle 4.10.2 builds it.' in found.notes[0]


@pytest.mark.parametrize('name', ['build.gradle.kts', 'settings.gradle.kts'])
def test_scripts_in_kotlin_need_a_wrapper_where_the_stacks_gradle_is_too_old(name: str) -> None:
    files = FakeSource({name: '', 'build.gradle': '', 'Procfile': 'web: build/install/hello/bin/hello'})
    with pytest.raises(DetectError) as error:
        choose_plan(files, load_buildpacks(), STACK, {})
    assert f'the stack cedar-12 has Gradle 4.10.2, which cannot read {name}' in str(error.value)
    assert 'run "gradle wrapper", and commit gradlew and gradle/wrapper/' in str(error.value)
    assert choose_plan(files, load_buildpacks(), STACK, {'BUILDPACK_URL': 'minimal'}).buildpack == 'minimal'
    newer = replace(STACK, gradles=('5.0',))
    assert choose_plan(files, load_buildpacks(), newer, {}).values['tool'] == ('gradle', 'stack')


def test_a_stack_without_gradle_needs_a_wrapper() -> None:
    with pytest.raises(DetectError, match=r'no Gradle wrapper to build with, and the stack has none: run'):
        JAVA.plan(FakeSource({'build.gradle': ''}), replace(STACK, gradles=()), {})


@pytest.mark.parametrize(
    ('file', 'version'),
    [('gradle-8.10.2-bin.zip', '8.10.2'), ('gradle-9.0-rc-1-all.zip', '9.0-rc-1'), ('ours.zip', 'ours.zip')],
)
def test_the_receivers_own_gradle_goes_before_the_stacks(file: str, version: str) -> None:
    url = f'https://mirror.example/{file}'
    receivers = replace(STACK, gradle_distribution=url)
    found = JAVA.plan(FakeSource({'build.gradle.kts': ''}), receivers, {})
    assert found.values['tool'] == ('gradle', url)
    assert (found.choices[1].wanted, found.choices[1].source) == (
        version,
        'builds.gradle_distribution of this receiver',
    )
    assert JAVA.plan(FakeSource(GRADLE), receivers, {}).values['tool'] == ('gradle',)


def test_with_a_procfile_no_jar_is_looked_for() -> None:
    found = plan(POM | {'Procfile': 'web: java -cp target/classes Main'})
    assert (found.values['start'], found.processes) == ('procfile', ())


@pytest.mark.parametrize(
    ('line', 'exact'),
    [
        ('java.runtime.version=17', '17.0.21.1'),
        ('java.runtime.version = 17.0.9', '17.0.9'),
        ('java.runtime.version: openjdk-11', '11.0.2'),
        ('java.runtime.version=zulu-17.0.21', '17.0.21.1'),
        ('maven.version=3.8.7', '17.0.21.1'),
        ('java.runtime.version=', '17.0.21.1'),
        ('#java.runtime.version=99', '17.0.21.1'),
    ],
)
def test_system_properties_choose_among_what_the_stack_has(line: str, exact: str) -> None:
    assert plan(POM | {'system.properties': f'# words\r\n{line}\r\n'}).values['java'] == exact


@pytest.mark.parametrize('version', ['1.8', '8', '21', '17.0.3', '1'])
def test_a_java_that_the_stack_lacks_is_refused_with_what_there_is(version: str) -> None:
    said = refusal(POM | {'system.properties': f'java.runtime.version={version}'})
    assert (
        f'asks for Java {version.removeprefix("1.")}, and the stack cedar-12 has 11.0.2, 17.0.9, 17.0.21.1'
        in said
    )
    assert 'write "java.runtime.version=17"' in said


@pytest.mark.parametrize('version', ['$(touch', '"17"', '17;id', '\u0661\u0667', '-17', '17-ea', '9' * 150])
def test_what_is_no_version_is_refused(version: str) -> None:
    assert 'is no version of Java' in refusal(POM | {'system.properties': f'java.runtime.version={version}'})


def test_a_stack_without_java_says_so() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has no Java'):
        JAVA.plan(FakeSource(POM), bare, {})


def test_a_conflict_marker_is_named_with_its_line() -> None:
    assert 'pom.xml, line 2: a merge conflict' in refusal({'pom.xml': '<project>\n<<<<<<< HEAD\n'})
    assert 'build.gradle.kts, line 1: a merge' in refusal(GRADLE | {'build.gradle.kts': '=======\n'})


@pytest.mark.parametrize(
    ('files', 'name'), [(POM, 'pom.xml'), (POM, 'system.properties'), (GRADLE, 'build.gradle.kts')]
)
def test_a_manifest_of_100_megabytes_is_refused(files: dict[str, str | bytes], name: str) -> None:
    assert 'at most 10,000,000 are read' in refusal(files | {name: b' ' * 10_000_001})


def test_what_the_pusher_should_know_is_told() -> None:
    notes = ' '.join(plan(POM | {'target/classes/A.class': '', 'mvnw': ''}).notes)
    assert 'target is in the repository and is not used' in notes
    assert 'mvnw' in notes


@given(st.binary(max_size=200))
def test_any_bytes_are_planned_or_refused(content: bytes) -> None:
    try:
        found = plan(POM | {'system.properties': b'java.runtime.version=' + content})
    except DetectError as error:
        assert len(str(error)) < 400
        return
    assert found.values['java'] in STACK.javas


@pytest.mark.parametrize(
    ('megabytes', 'options'),
    [
        (512, '-XX:MaxRAMPercentage=58 -Xss512k -XX:CICompilerCount=2 -Dfile.encoding=UTF-8 -Xmx99m'),
        (1024, '-XX:MaxRAMPercentage=66 -Dfile.encoding=UTF-8 -Xmx99m'),
        (4096, '-XX:MaxRAMPercentage=80 -Dfile.encoding=UTF-8 -Xmx99m'),
    ],
)
def test_the_heap_follows_the_memory_and_the_apps_own_options_come_last(megabytes: int, options: str) -> None:
    profile = (directory('buildpacks') / 'shared' / 'java.sh').read_text().replace('cd /app/src', '')
    script = f'gitreceive_memory() {{ echo {megabytes}; }}\n{profile}\necho "$JAVA_TOOL_OPTIONS"'
    environ = {'PATH': '/usr/bin:/bin', 'JAVA_TOOL_OPTIONS': '-Xmx99m'}
    done = subprocess.run(['bash', '-c', script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == options


@pytest.mark.parametrize(
    ('file', 'content', 'megabytes'),
    [
        ('memory.max', '536870912\n', '512'),
        ('memory/memory.limit_in_bytes', '1073741824\n', '1024'),
        ('memory.max', 'max\n', None),
        ('memory/memory.limit_in_bytes', '9223372036854771712\n', None),
    ],
)
def test_the_memory_of_the_container_is_read_from_both_kinds_of_cgroups(
    tmp_path: Path, file: str, content: str, megabytes: str | None
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    script = (directory('buildpacks') / 'shared' / 'memory.sh').read_text()
    done = subprocess.run(
        ['bash', '-c', script.replace('/sys/fs/cgroup', str(tmp_path)) + '\ngitreceive_memory'],
        capture_output=True,
        text=True,
        check=True,
    )
    total = next(
        line.split()[1] for line in Path('/proc/meminfo').read_text().splitlines() if 'MemTotal' in line
    )
    assert done.stdout.strip() == (megabytes or str(int(total) // 1024))
