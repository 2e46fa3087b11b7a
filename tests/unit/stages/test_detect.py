"""Which buildpack takes an app, and what is said when none does."""

import pytest

from gitreceive.buildpack import load_buildpacks
from gitreceive.errors import DetectError
from gitreceive.model import Plan, Stack
from gitreceive.stages.detect import choose_plan
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
START = '{"scripts": {"start": "node x"}}'


def chosen(files: dict[str, str | bytes]) -> Plan:
    return choose_plan(FakeSource(files), load_buildpacks(), STACK, {})


def refusal(files: dict[str, str | bytes]) -> str:
    with pytest.raises(DetectError) as error:
        chosen(files)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'buildpack', 'reason'),
    [
        ({'package.json': START}, 'node', 'package.json'),
        ({'server.js': ''}, 'node', 'server.js'),
        ({'requirements.txt': '', 'Procfile': 'web: a'}, 'python', 'requirements.txt'),
        ({'Procfile': 'web: a'}, 'minimal', 'Procfile'),
        ({'package.json': START, 'Procfile': 'web: a'}, 'node', 'package.json'),
        ({'package.json': START, 'requirements.txt': '', 'Procfile': 'web: a'}, 'python', 'requirements.txt'),
    ],
)
def test_the_first_buildpack_that_recognises_its_marker_takes_the_app(
    files: dict[str, str | bytes], buildpack: str, reason: str
) -> None:
    plan = chosen(files)
    assert (plan.buildpack, plan.reason) == (buildpack, reason)


def test_the_procfile_replaces_the_default_of_the_platform() -> None:
    plan = chosen({'package.json': START, 'Procfile': 'web: node other.js\nworker: node w.js\n'})
    assert [(process.name, process.command) for process in plan.processes] == [
        ('web', 'node other.js'),
        ('worker', 'node w.js'),
    ]
    assert plan.processes_from == 'Procfile'


def test_without_a_procfile_the_default_is_used_and_said() -> None:
    plan = chosen({'package.json': START})
    assert plan.processes[0].command == 'npm start'
    assert 'No Procfile' in plan.processes_from


def test_an_app_without_a_web_process_gets_a_note() -> None:
    plan = chosen({'Procfile': 'worker: sleep 1'})
    assert any('no web process: nothing will answer HTTP' in note for note in plan.notes)
    assert not any('web' in note for note in chosen({'Procfile': 'web: a'}).notes)


def test_an_unknown_app_is_refused_with_the_names_that_were_tried() -> None:
    assert refusal({'README.md': 'hello'}).startswith(
        'no buildpack recognises this app (looked for: package.json, server.js, requirements.txt, Procfile); add'
    )


def test_a_commit_without_files_is_called_that() -> None:
    assert 'the commit has no files' in refusal({})


@pytest.mark.parametrize(
    ('files', 'remedy'),
    [
        ({'procfile': 'web: a'}, 'rename procfile to Procfile'),
        ({'Procfile.txt': 'web: a'}, 'rename Procfile.txt to Procfile'),
        ({'uv.lock': ''}, 'uv export'),
        ({'pyproject.toml': ''}, 'add a requirements.txt'),
        ({'shop/package.json': '{}', 'README': ''}, 'shop/package.json is not at the root'),
    ],
)
def test_what_was_nearly_right_is_named_with_its_remedy(files: dict[str, str | bytes], remedy: str) -> None:
    assert remedy in refusal(files)


def test_a_procfile_that_names_no_process_is_refused() -> None:
    assert 'the Procfile names no process' in refusal({'Procfile': '# later\n'})


def test_a_procfile_that_is_too_large_is_refused() -> None:
    assert 'Procfile has 70,005 bytes' in refusal({'Procfile': 'web: ' + 'x' * 70_000})


def test_a_broken_procfile_is_refused_whatever_the_platform() -> None:
    assert 'Procfile, line 1' in refusal({'package.json': START, 'Procfile': 'what'})
