"""What the Go buildpack plans, from go.mod and where the programs lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, gos=('1.19.8',))
GO = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'go')
MAIN = {'main.go': 'package main\n'}
PROCFILE = {'Procfile': 'web: x'}


def plan(go_mod: str | bytes, files: dict[str, str | bytes] | None = None, **env: str) -> Plan:
    return GO.plan(FakeSource({'go.mod': go_mod, **(files or {})}), STACK, env)


def refusal(go_mod: str | bytes, files: dict[str, str | bytes] | None = None, **env: str) -> str:
    with pytest.raises(DetectError) as error:
        plan(go_mod, files, **env)
    return str(error.value)


@pytest.mark.parametrize(
    ('lines', 'version', 'source'),
    [
        ('go 1.24', '1.24', 'go in go.mod'),
        ('go 1.24.3 // the least', '1.24.3', 'go in go.mod'),
        ('go 1.24\ntoolchain go1.25.1', '1.25.1', 'toolchain in go.mod'),
        ('go 1.24\ntoolchain default', '1.24', 'go in go.mod'),
        ('go 1.22.5\ntoolchain go1.22.3', '1.22.5', 'go in go.mod'),
        ('toolchain go1.22.3', '1.22.3', 'toolchain in go.mod'),
        ('// +heroku goVersion go1.23\ngo 1.22', '1.23', '+heroku goVersion in go.mod'),
        ('// +heroku goVersion 1.18\ngo 1.18', '1.18', '+heroku goVersion in go.mod'),
        ('go 1.26rc1', '1.26rc1', 'go in go.mod'),
    ],
)
def test_the_version_is_what_go_mod_asks_for(lines: str, version: str, source: str) -> None:
    found = plan(f'module hello\r\n{lines}\r\n', MAIN)
    choice = found.choices[0]
    assert (found.values['go'], choice.wanted, choice.source) == ((version, source), version, source)


@pytest.mark.parametrize('line', ['', 'go 1.18', 'go 1.19', '// +heroku goVersion go1.19.8'])
def test_the_go_of_the_stack_is_used_where_it_is_enough(line: str) -> None:
    found = plan(f'module hello\n{line}\n', MAIN)
    assert found.values['go'] == ('stack',)
    assert found.choices[0].wanted == '1.19.8'
    assert any('+heroku goVersion' in note for note in found.notes)


def test_a_config_var_wins_over_go_mod() -> None:
    found = plan('module a\ngo 1.24', MAIN, GOVERSION='go1.25.1')
    assert found.values['go'] == ('1.25.1', 'config var GOVERSION')
    assert 'GOVERSION is no version of Go' in refusal('module a', MAIN, GOVERSION='$(id)')


@pytest.mark.parametrize(
    'value', ['$(touch', '"; id', '2.0', '1', '1.2.3.4', '\u0661.\u0662', '1.24;id', '-x']
)
def test_what_is_no_version_is_refused_with_where_it_stands(value: str) -> None:
    for where in ('go', 'toolchain', '// +heroku goVersion'):
        said = refusal(f'module hello\n{where} {value}\n', MAIN)
        assert f'go.mod says "{where} ' in said
        assert 'is no version of Go' in said


@pytest.mark.parametrize(
    ('go_mod', 'files', 'packages', 'command'),
    [
        ('module example.com/hello', MAIN, ('.',), 'bin/hello'),
        ('module "example.com/hello/v2"', MAIN, ('.',), 'bin/hello'),
        ('module v2', MAIN, ('.',), 'bin/v2'),
        ('module a', {'cmd/serve/main.go': 'package main'}, ('./cmd/...',), 'bin/serve'),
        (
            'module a',
            {'cmd/web/x.go': 'package main', 'cmd/job/x.go': '// doc\npackage main'},
            ('./cmd/...',),
            'bin/web',
        ),
        (
            '// +heroku install ./cmd/web ./job\nmodule a',
            {},
            ('./cmd/web', './job'),
            'bin/web',
        ),
        ('// +heroku install ./job\nmodule a', MAIN, ('./job',), 'bin/job'),
        ('module a', MAIN | {'main_test.go': 'package other'}, ('.',), 'bin/a'),
    ],
)
def test_programs_are_found_and_the_one_that_serves_is_started(
    go_mod: str, files: dict[str, str | bytes], packages: tuple[str, ...], command: str
) -> None:
    found = plan(go_mod, files)
    assert found.values['packages'] == packages
    assert [(process.name, process.command) for process in found.processes] == [('web', command)]
    assert 'No Procfile' in found.processes_from


@pytest.mark.parametrize(
    ('go_mod', 'files', 'said'),
    [
        ('module a', {'a.go': 'package a'}, 'there is no program to build'),
        ('module a', {'main_test.go': 'package main'}, 'there is no program to build'),
        ('module a', {'cmd/a/x.go': 'package main', 'cmd/b/x.go': 'package main'}, 'there are a, b'),
        ('// +heroku install ./...\nmodule a', {}, 'its name is not known'),
        ('module $(id)', MAIN, 'its name is not known'),
        ('go 1.24', MAIN, 'go.mod names no module'),
        ('module a\n<<<<<<< HEAD\n', MAIN, 'go.mod, line 2: a merge conflict marker'),
        ('// +heroku install -toolexec=/bin/sh\nmodule a', MAIN, '"-toolexec=/bin/sh" in'),
        ('// +heroku install ../../etc\nmodule a', MAIN, 'is not a package of the app'),
        ('// +heroku install ./$(id)\nmodule a', MAIN, 'is not a package of the app'),
        (b'module a\n' + b'x' * 10_000_001, MAIN, 'at most 10,000,000 are read'),
    ],
)
def test_what_cannot_be_built_or_started_is_refused_with_what_to_do(
    go_mod: str | bytes, files: dict[str, str | bytes], said: str
) -> None:
    assert said in refusal(go_mod, files)


def test_a_procfile_starts_whatever_it_says() -> None:
    found = plan('// +heroku install ./...\nmodule a', PROCFILE)
    assert (found.processes, found.processes_from) == ((), 'Procfile')


def test_what_the_pusher_should_know_is_told() -> None:
    notes = ' '.join(plan('module a\ngo 1.24\nrequire x v1', MAIN | {'package.json': ''}).notes)
    assert 'There is no go.sum' in notes
    assert 'package.json is there too' in notes
    assert plan('module a\ngo 1.24', MAIN | {'vendor/modules.txt': ''}).notes == (
        'Modules come from the vendor directory.',
    )


def test_the_commit_is_shown_to_the_compiler_only_where_it_is_linked_in() -> None:
    assert plan('module a', MAIN).values['needs_source_version'] is False
    assert plan('module a', MAIN, GO_LINKER_SYMBOL='main.commit').values['needs_source_version'] is True


def test_a_stack_without_go_needs_a_version() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has none'):
        GO.plan(FakeSource({'go.mod': 'module a', **MAIN}), bare, {})


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            'main.go:3:8: missing go.sum entry for module providing package github.com/google/uuid (imported by a); to add:\n\tgo get a',
            'go.mod or go.sum does not fit the code\nRun "go mod tidy"',
        ),
        (
            'go: inconsistent vendoring in /app/src:\n\tgithub.com/google/uuid@v1.5.0: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt',
            'the vendor directory does not match go.mod\nRun "go mod vendor"',
        ),
        (
            'main.go:3:8: no required module provides package github.com/google/uuid; to add it:\n\tgo get github.com/google/uuid',
            'no module of go.mod has the package github.com/google/uuid\n',
        ),
        (
            'verifying github.com/google/uuid@v1.6.0: checksum mismatch\n\tdownloaded: h1:NIvaJ=\n\tgo.sum:     h1:AIvaJ=\n\nSECURITY ERROR',
            'the module github.com/google/uuid@v1.6.0 is not the one that go.sum names\n',
        ),
        (
            'go: errors parsing go.mod:\n/app/src/go.mod:5: require github.com/google/uuid: version "v9.9.9" invalid: should be v0 or v1, not v9',
            'go.mod cannot be read: go.mod:5: require github.com/google/uuid: version',
        ),
        (
            'go: golang.org/x/text@v0.38.0 requires go >= 1.25.0 (running go 1.24.3; GOTOOLCHAIN=local)',
            'a module needs Go 1.25.0, which is newer than the one of go.mod\nRun "go get go@1.25.0"',
        ),
        (
            'main.go:3:8: package fmt2 is not in GOROOT (/usr/lib/go-1.19/src/fmt2)',
            'there is no package fmt2\n',
        ),
        (
            'main.go:3:8: package fmt2 is not in std (/tmp/go/src/fmt2)',
            'there is no package fmt2\n',
        ),
        ('stat /app/src/cmd/none: directory not found', 'Correct "// +heroku install"'),
        (
            'example.com/app/lib\ngo install has made no program of ./lib',
            './lib is no program: it has no "package main"\nName one',
        ),
        (
            'go: go.mod requires go >= 1.22.5 (running go 1.21.3; GOTOOLCHAIN=local)',
            'the line "go" of go.mod asks for Go 1.22.5 or newer, and an older one was chosen\n',
        ),
        (
            'main.go:2:25: example.com/greet@v1.0.1: replacement directory ../greet does not exist',
            'go.mod takes a module from ../greet, and there is no such directory in the build\n',
        ),
        (
            'package example.com/app: build constraints exclude all Go files in /app/src',
            'no file of the package (/) is for Linux',
        ),
        (
            'package a\n\timports a/b: build constraints exclude all Go files in /app/src/b',
            'no file of the package (/b) is for Linux',
        ),
        ('runtime\na\n# a\n./main.go:3:15: x declared but not used', 'the code does not compile\n'),
        (
            'go: downloading github.com/google/uuid v1.3.0\nmain.go:3:8: github.com/google/uuid@v1.3.0: Get "https://mirror.example/x.zip": dial tcp 127.0.0.1:9: connect: connection refused',
            'could not be reached',
        ),
        ('/tmp/buildpack/compile: line 30:    12 Killed                  go install', 'out of memory'),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = GO.explain('compile', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


@given(st.binary(max_size=200), st.text(max_size=30))
def test_any_bytes_are_planned_or_refused(content: bytes, spec: str) -> None:
    try:
        found = plan(content, MAIN, GO_INSTALL_PACKAGE_SPEC=spec)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    assert all(isinstance(value, str | bool | tuple) for value in found.values.values())
