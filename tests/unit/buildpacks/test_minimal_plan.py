"""A Procfile alone is enough for what the stack can run, and for nothing else."""

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

(MINIMAL,) = (each for each in load_buildpacks() if each.name == 'minimal')
STACK = load_stack('cedar-12')


def refusal(files: dict[str, str | bytes]) -> str:
    with pytest.raises(DetectError) as caught:
        MINIMAL.plan(FakeSource(files), STACK, {})
    return str(caught.value)


@pytest.mark.parametrize('command', ['perl -e 1', './serve', 'bash start.sh', 'while true; do date; done'])
def test_what_the_stack_has_is_started(command: str) -> None:
    assert MINIMAL.plan(FakeSource({'Procfile': f'web: {command}\n'}), STACK, {}).title == 'Minimal'


@pytest.mark.parametrize(
    ('command', 'program', 'file'),
    [
        ('python3 -m http.server', 'python3', 'a requirements.txt'),
        ('exec gunicorn app:app', 'gunicorn', 'a requirements.txt'),
        ('npm start', 'npm', 'a package.json'),
        ('bundle exec puma', 'bundle', 'a Gemfile'),
        ('java -jar x.jar', 'java', 'a pom.xml or build.gradle'),
        ('php -S 0.0.0.0:$PORT', 'php', 'a composer.json'),
    ],
)
def test_what_only_a_platform_has_is_refused_with_the_file_that_is_missing(
    command: str, program: str, file: str
) -> None:
    said = refusal({'Procfile': f'# how it starts\nworker: ./work\nweb: {command}\n'})
    assert f'the Procfile calls {program}, which cedar-12 does not have where apps run: add {file}' in said


def test_a_go_program_without_its_module_is_refused_with_the_command() -> None:
    said = refusal({'Procfile': 'web: ./web\n', 'web.go': 'package main\n'})
    assert 'there is a web.go, but no go.mod: run "go mod init NAME"' in said


def test_a_program_of_the_apps_own_may_have_that_name() -> None:
    files = {'Procfile': 'web: node\n', 'bin/node': '#!/bin/sh\n'}
    assert MINIMAL.plan(FakeSource(files), STACK, {}).title == 'Minimal'
