"""What the scripts for Java and Scala make of config vars and of what a build leaves; their tools are stand-ins that tell their words."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitreceive.config.resources import directory

TELLS = '#!/bin/sh\nprintf "<%s>" "$@"\n'
HOSTILE = '$(touch made) `touch made`;touch made -x * "a b"'
AS_IT_IS = '<$(touch><made)><`touch><made`;touch><made><-x><*><"a><b">'


def run(
    script: str, words: tuple[str, ...], home: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a script whose ``/app`` is ``home``, and whose tools are below ``home``."""
    for name in (
        'src/gradlew',
        'tools/gradle',
        'tools/mvn',
        'tools/java',
        'tools/strip-nondeterminism',
        'heroku/versions',
    ):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(TELLS)
            path.chmod(0o755)
    folder, buildpacks = home / 'buildpack', directory('buildpacks')
    shutil.copytree(buildpacks / 'shared', folder, dirs_exist_ok=True)
    path = folder / Path(script).name
    path.write_text((buildpacks / script).read_text().replace('/app/', f'{home}/'))
    environ = {
        'PATH': f'{home}/tools:{os.environ["PATH"]}',
        'WITH_ENV': 'yes',
        'SOURCE_DATE_EPOCH': '1',
        **env,
    }
    return subprocess.run(['bash', path, *words], env=environ, capture_output=True, text=True)


@pytest.mark.parametrize(
    ('script', 'words', 'variable'),
    [
        ('java/maven', (), 'MAVEN_CUSTOM_GOALS'),
        ('java/maven', (), 'MAVEN_CUSTOM_OPTS'),
        ('java/gradle', (), 'GRADLE_TASK'),
        ('scala/sbt', ('compile stage',), 'SBT_OPTS'),
    ],
)
def test_config_vars_are_words_and_nothing_else(
    tmp_path: Path, script: str, words: tuple[str, ...], variable: str
) -> None:
    done = run(script, words, tmp_path, {variable: HOSTILE})
    assert done.returncode == 0, done.stderr
    assert AS_IT_IS in done.stdout
    assert not list(tmp_path.rglob('made'))


@pytest.mark.parametrize(
    ('build', 'env', 'tasks'),
    [
        ('', {}, '<build><-x><check><-x><test>'),
        ('task stage(dependsOn: jar)', {}, '<stage>'),
        ('// upstaged', {}, '<build><-x><check><-x><test>'),
        ('task stage(dependsOn: jar)', {'GRADLE_TASK': 'installDist -q'}, '<installDist><-q>'),
    ],
)
def test_gradle_runs_the_apps_own_stage_else_build_without_tests(
    tmp_path: Path, build: str, env: dict[str, str], tasks: str
) -> None:
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src' / 'build.gradle').write_text(build)
    assert run('java/gradle', (), tmp_path, env).stdout.endswith(f'<--no-daemon><--console><plain>{tasks}')


def test_without_a_wrapper_the_stacks_gradle_builds_and_a_failure_says_so(tmp_path: Path) -> None:
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'src').mkdir()
    says = '#!/bin/sh\n[ "$1" = --version ] && echo "Gradle 4.4.1" && exit\necho "<$*>"; exit 3\n'
    (tmp_path / 'tools' / 'gradle').write_text(says)
    (tmp_path / 'tools' / 'gradle').chmod(0o755)
    done = run('java/gradle', ('stack',), tmp_path, {})
    assert done.returncode == 3
    assert done.stdout.endswith(' --no-daemon --console plain build -x check -x test>\n')
    assert done.stderr == 'There is no Gradle wrapper: that was Gradle 4.4.1.\n'


def test_a_settings_file_that_is_asked_for_has_to_be_there(tmp_path: Path) -> None:
    done = run('java/maven', (), tmp_path, {'MAVEN_SETTINGS_PATH': 'ci/settings.xml'})
    assert (done.returncode, done.stdout) == (1, '')
    assert 'MAVEN_SETTINGS_PATH names ci/settings.xml' in done.stderr
    (tmp_path / 'src' / 'ci').mkdir()
    (tmp_path / 'src' / 'ci' / 'settings.xml').touch()
    assert (
        '<--settings><ci/settings.xml>'
        in run('java/maven', (), tmp_path, {'MAVEN_SETTINGS_PATH': 'ci/settings.xml'}).stdout
    )


@pytest.mark.parametrize(
    ('procfile', 'kept'),
    [
        ('web: build/install/hello/bin/hello\n', set()),
        ('web: tar xf build/distributions/hello.tar\n', {'build/distributions/hello.tar'}),
    ],
)
def test_what_gradle_leaves_behind_is_taken_away(tmp_path: Path, procfile: str, kept: set[str]) -> None:
    built = {
        'build/libs/hello.jar',
        'web/build/libs/web.jar',
        'web/build/resources/main/a',
        'front/build/tmp/page',
    }
    left = {
        'build/tmp/jar/MANIFEST.MF',
        'build/distributions/hello.tar',
        'web/build/reports/problems/report.html',
        'web/build/test-results/a',
        'bare/build/kotlin/cache',
    }
    for name in built | left | {'bare/build.gradle.kts'}:
        (tmp_path / 'src' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'src' / name).touch()
    (tmp_path / 'src' / 'Procfile').write_text(procfile)
    assert run('java/finish', ('procfile', 'build/libs'), tmp_path, {}).returncode == 0
    found = {
        str(path.relative_to(tmp_path / 'src'))
        for path in tmp_path.glob('src/**/build/**/*')
        if path.is_file()
    }
    assert found == built | kept


def test_why_a_wrapper_failed_is_not_followed_by_where(tmp_path: Path) -> None:
    said = 'Exception in thread "main" java.net.ConnectException: Connection refused\n'
    trace = said + '\tat java.base/sun.nio.ch.Net.connect0(Native Method)\n' * 40
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src' / 'gradlew').write_text(f'printf %s {shlex.quote(trace)} >&2; exit 1')
    done = run('java/gradle', (), tmp_path, {})
    assert (done.returncode, done.stdout, done.stderr) == (1, '', said)


def test_sbt_does_not_wait_for_a_repository_without_end(tmp_path: Path) -> None:
    limit, own = '-Dsun.net.client.defaultReadTimeout=', '9'
    words = run('scala/sbt', ('stage',), tmp_path, {'SBT_OPTS': limit + own}).stdout.strip('<>').split('><')
    assert [word for word in words if word.startswith(limit)] == [limit + '60000', limit + own]


def test_maven_does_not_wait_for_sbt_without_end(tmp_path: Path) -> None:
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'mvn').write_text('#!/bin/sh\necho "$MAVEN_OPTS"; exit 1\n')
    (tmp_path / 'tools' / 'mvn').chmod(0o755)
    done = run('scala/install-sbt', ('1.10.7',), tmp_path, {})
    assert (done.returncode, done.stdout.split('\n')[0]) == (1, 'Installing sbt 1.10.7')
    assert ' -Dmaven.wagon.rto=60000 ' in done.stdout


def test_play_gets_its_port_and_writes_no_file_of_its_process_id(tmp_path: Path) -> None:
    (tmp_path / 'heroku' / 'java').mkdir(parents=True)
    (tmp_path / 'heroku' / 'java' / 'program').write_text(f'{tmp_path}/tools/java\n')
    done = run('scala/start-stage', ('more',), tmp_path, {'PORT': '5000'})
    assert done.stdout == '<-Dhttp.port=5000><-Dplay.server.pidfile.path=/dev/null><more>'


def test_a_jar_gets_its_port_and_options_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / 'heroku' / 'java').mkdir(parents=True)
    (tmp_path / 'heroku' / 'java' / 'jar').write_text('./target/$(touch made) b.jar\n')
    done = run('java/start-jar', (), tmp_path, {'PORT': '5000', 'JAVA_OPTS': '-Xmx1g -Dx=*'})
    assert done.stdout == '<-Dserver.port=5000><-Xmx1g><-Dx=*><-jar><./target/$(touch made) b.jar>'
