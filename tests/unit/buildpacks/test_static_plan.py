"""What the buildpack for static sites plans, from where the files lie and the Staticfile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000)
STATIC = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'static')
PAGE = {'index.html': ''}


def plan(files: dict[str, str | bytes]) -> Plan:
    return STATIC.plan(FakeSource(files), STACK, {})


def refusal(files: dict[str, str | bytes]) -> str:
    with pytest.raises(DetectError) as error:
        plan(files)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'reason', 'root'),
    [
        (PAGE, 'index.html', '.'),
        (PAGE | {'public/index.html': ''}, 'index.html', '.'),
        ({'public/index.html': ''}, 'public/index.html', 'public'),
        ({'dist/index.html': '', 'src/a.js': ''}, 'dist/index.html', 'dist'),
        ({'Staticfile': '', 'dist/index.html': ''}, 'Staticfile', 'dist'),
        ({'Staticfile': 'root: ./web/out/\r\n', 'web/out/index.html': ''}, 'Staticfile', 'web/out'),
        ({'Staticfile': '---\nroot: .  # all', 'public/index.html': ''}, 'Staticfile', '.'),
    ],
)
def test_the_directory_of_the_site_is_found(files: dict[str, str | bytes], reason: str, root: str) -> None:
    found = plan(files)
    assert (STATIC.detect(FakeSource(files)), found.values['root']) == (reason, root)
    assert [(process.name, process.command) for process in found.processes] == [('web', 'serve-static')]


def test_a_procfile_beside_a_page_means_another_app_unless_there_is_a_staticfile() -> None:
    assert STATIC.detect(FakeSource(PAGE | {'Procfile': 'web: x'})) is None
    assert STATIC.detect(FakeSource(PAGE | {'Procfile': 'web: x', 'Staticfile': ''})) == 'Staticfile'


def test_what_a_build_makes_is_looked_for_when_it_should_be_there() -> None:
    found = plan({'package.json': '{}', 'index.html': '', 'Staticfile': 'root: dist'})
    assert (found.values['root'], found.values['built']) == ('dist', True)
    assert 'dist/ is not in this commit: the build has to make it.' in found.notes
    assert plan(PAGE).values['built'] is False
    assert 'in this commit' in refusal({'index.html': '', 'Staticfile': 'root: dist'})


def test_a_page_beside_a_package_json_may_be_what_a_build_begins_with() -> None:
    said = 'If a build makes the site (package.json), name its directory in a Staticfile: "root: dist".'
    assert said in plan(PAGE | {'package.json': '{}'}).notes
    assert said not in plan(PAGE | {'package.json': '{}', 'Staticfile': 'root: .'}).notes
    assert said not in plan(PAGE).notes


def test_the_file_of_another_static_buildpack_is_named() -> None:
    assert any(
        note.startswith('static.json is not read') for note in plan(PAGE | {'static.json': '{}'}).notes
    )


def test_switches_and_a_page_for_what_is_not_there_are_passed_on() -> None:
    files = PAGE | {'Staticfile': 'pushstate: Enabled\nforce_https: "true"', '404.html': ''}
    assert plan(files).values['options'] == ('pushstate', 'force-https', 'not-found')
    assert plan(PAGE | {'Staticfile': 'pushstate: disabled'}).values['options'] == ()


@pytest.mark.parametrize(
    ('staticfile', 'said'),
    [
        ('root: $(touch /tmp/x)', 'is no directory of the app'),
        ('root: ../..', 'is no directory of the app'),
        ('root: /etc', 'is no directory of the app'),
        ('root: a|b', 'is no directory of the app'),
        ('root: "a";}', 'is no directory of the app'),
        ('root: missing', 'has no files in this commit'),
        ('pushstate: $(id)', 'write "enabled" or "disabled"'),
        ('just words', 'line 1: "just words" is not "name: value"'),
        ('a: b\n<<<<<<< HEAD', 'line 2: "<<<<<<< HEAD"'),
        (b'x' * 10_000_001, 'at most 10,000,000 are read'),
    ],
    ids=range(10),
)
def test_what_cannot_be_used_is_refused_with_its_place(staticfile: str | bytes, said: str) -> None:
    assert said in refusal(PAGE | {'Staticfile': staticfile})


def test_what_the_pusher_should_know_is_told() -> None:
    notes = ' '.join(plan({'Staticfile': 'root: web\nssi: enabled', 'web/a.html': ''}).notes)
    assert 'There is no web/index.html' in notes
    assert 'settings that are not used: ssi' in notes
    assert plan(PAGE).notes == ('The whole repository is served.',)


@given(st.binary(max_size=100), st.text(max_size=20))
def test_any_bytes_are_planned_or_refused(content: bytes, folder: str) -> None:
    files = {'Staticfile': content + b'\nroot: ' + folder.encode('utf-8', 'replace'), f'{folder}/a': ''}
    try:
        found = plan(PAGE | files)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    assert set(str(found.values['root'])).isdisjoint('$;{}"|&\\\n ')
