"""What the files of other platforms say of starting an app counts; the rest is named."""

import pytest

from gitreceive.build.appfiles.foreign import foreign_notes, foreign_start
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

STACK = load_stack('cedar-12')
COMMAND = 'node "a b.js" | tee log'


def chosen(files: dict[str, str | bytes]) -> Plan:
    return choose_plan(FakeSource({'package.json': '{}', **files}), load_buildpacks(), STACK, {})


@pytest.mark.parametrize(
    ('file', 'text'),
    [
        ('railway.json', '{"deploy": {"startCommand": "node \\"a b.js\\" | tee log"}}'),
        ('railway.toml', '[deploy]\nstartCommand = \'node "a b.js" | tee log\'\n'),
        ('railpack.json', '{"deploy": {"startCommand": "node \\"a b.js\\" | tee log"}}'),
        ('nixpacks.toml', '[start]\ncmd = \'node "a b.js" | tee log\'\n'),
    ],
)
def test_the_start_command_is_the_web_process(file: str, text: str) -> None:
    plan = chosen({file: text})
    assert [f'{one.name}: {one.command}' for one in plan.processes] == [f'web: {COMMAND}']
    assert plan.processes_from == file


def test_a_procfile_wins() -> None:
    plan = chosen({'Procfile': 'web: node b.js', 'nixpacks.toml': '[start]\ncmd = "node a.js"\n'})
    assert [one.command for one in plan.processes] == ['node b.js']
    assert plan.processes_from == 'Procfile'


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('[start]\ncmd = 7\n', '"start.cmd" in nixpacks.toml is no command'),
        ('[start]\ncmd = " "\n', '"start.cmd" in nixpacks.toml is no command'),
        ('[start]\ncmd = "a\\nb: c"\n', 'holds a control character'),
        ('[start]\ncmd = "a\\u001bb"\n', 'holds a control character'),
        ('[start\n', 'nixpacks.toml'),
    ],
)
def test_a_command_that_is_none_is_refused_by_name(text: str, told: str) -> None:
    with pytest.raises(DetectError) as caught:
        foreign_start(FakeSource({'nixpacks.toml': text}))
    assert told in str(caught.value)


def test_what_has_no_effect_is_named() -> None:
    files = {
        'fly.toml': 'app = "x"',
        'CHECKS': '/',
        'railway.toml': '[build]\nbuilder = "x"\n[deploy]\nstartCommand = "x"\n',
        'nixpacks.toml': '[start]\ncmd = "x"\n',
    }
    assert list(foreign_notes(FakeSource(files))) == [
        'fly.toml is not read: give processes in a Procfile, config vars with "config set".',
        'CHECKS is not read: give health checks in app.json.',
        '"build" in railway.toml has no effect but for the start command.',
    ]


def test_files_without_a_start_command_leave_the_platform_its_own() -> None:
    plan = chosen({'package.json': '{"scripts": {"start": "x"}}', 'railway.json': '{"build": {}}'})
    assert [one.command for one in plan.processes] == ['npm start']
