"""What the PHP buildpack plans, from composer.json and where the pages lie."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, phps=('8.2.36',))
BUILDPACKS = load_buildpacks()
PHP = next(buildpack for buildpack in BUILDPACKS if buildpack.name == 'php')

Files = dict[str, str | bytes]
PAGE: Files = {'public/index.php': ''}
NEEDS = json.dumps({'require': {'php': '^8.1', 'ext-gd': '*', 'a/b': '1.0'}})


def plan(files: Files, **env: str) -> Plan:
    return PHP.plan(FakeSource(files), STACK, env)


def refusal(files: Files) -> str:
    with pytest.raises(DetectError) as error:
        plan(files)
    return str(error.value)


@pytest.mark.parametrize(
    ('files', 'buildpack', 'assets'),
    [
        ({'index.php': ''}, 'php', False),
        ({'composer.json': '{}', **PAGE}, 'php', False),
        ({'index.php': '', 'index.html': ''}, 'php', False),
        (
            {'composer.json': '{}', 'package.json': '{"scripts": {"build": "vite build"}}', **PAGE},
            'php',
            True,
        ),
        (PAGE | {'Procfile': 'web: x'}, 'minimal', False),
    ],
)
def test_an_app_is_of_php_and_node_builds_its_assets(files: Files, buildpack: str, assets: bool) -> None:
    found = choose_plan(FakeSource(files), BUILDPACKS, STACK, {})
    assert (found.buildpack, bool(found.assets)) == (buildpack, assets)


def test_the_version_is_the_stacks_and_what_is_asked_for_is_told() -> None:
    choice = plan({'composer.json': NEEDS, 'composer.lock': '{}', **PAGE}).choices[0]
    assert (choice.tool, choice.wanted, choice.source) == (
        *('PHP', '8.2.36'),
        'of cedar-12; composer.json asks for ^8.1',
    )
    assert plan({'index.php': ''}).choices[0].source == 'of cedar-12'


@pytest.mark.parametrize(
    ('files', 'command'),
    [
        ({'index.php': '', **PAGE}, 'serve-php'),
        (PAGE, 'serve-php public'),
        ({'web/index.php': ''}, 'serve-php web'),
    ],
)
def test_the_directory_with_the_first_page_is_served(files: Files, command: str) -> None:
    found = plan({'composer.json': '{}', **files})
    assert [(process.name, process.command) for process in found.processes] == [('web', command)]
    assert found.processes_from.startswith('No Procfile, so the default for PHP (')


def test_a_procfile_starts_whatever_it_says() -> None:
    found = plan({'index.php': '', 'Procfile': 'web: serve-php docs'})
    assert (found.processes, found.values['names'], found.notes) == ((), (), ())


def test_the_programs_of_a_procfile_for_heroku_are_there_but_have_no_options() -> None:
    found = plan({'index.php': '', 'Procfile': 'web: vendor/bin/heroku-php-apache2 public/'})
    assert found.values['names'] == ('heroku-php-apache2',)
    assert found.notes == (
        'heroku-php-apache2 is serve-php here: nginx serves the pages, and no .htaccess is read.',
    )
    said = refusal({'index.php': '', 'Procfile': 'web: vendor/bin/heroku-php-nginx -C nginx.conf public'})
    assert said.startswith('the Procfile starts heroku-php-nginx with the option -C, and nginx and PHP-FPM')


def test_pages_that_nothing_marks_as_an_app_are_told_what_does() -> None:
    with pytest.raises(DetectError, match=r'add a composer\.json with "\{\}" in it'):
        choose_plan(FakeSource(PAGE), BUILDPACKS, STACK, {})


def test_composer_installs_where_there_is_a_composer_json() -> None:
    values = plan({'composer.json': NEEDS, 'composer.lock': '{}', 'auth.json': '{}', **PAGE}).values
    assert (values['composer'], values['tree_first'], values['compile']) == (True, False, False)
    assert values['manifests'] == ('composer.json', 'composer.lock', 'auth.json')
    assert values['bases'] == ('build-php',)
    assert plan({'index.php': ''}).values['composer'] is False
    assert plan({'composer.json': '{"scripts": {"compile": ["x"]}}', **PAGE}).values['compile'] is True


@pytest.mark.parametrize(
    ('manifest', 'files'),
    [
        ({'repositories': [{'type': 'path', 'url': 'packages/a'}]}, {}),
        ({'repositories': {'a': {'type': 'artifact', 'url': 'zips'}, 'packagist': False}}, {}),
        ({}, {'vendor/autoload.php': ''}),
        ({}, {'patches/a.patch': ''}),
    ],
)
def test_the_code_comes_first_where_installing_needs_it(manifest: object, files: Files) -> None:
    assert plan({'composer.json': json.dumps(manifest), **PAGE, **files}).values['tree_first'] is True


@pytest.mark.parametrize(
    ('files', 'said'),
    [
        ({'composer.json': '{}'}, 'nothing says what is served (looked for index.php, public/index.php'),
        ({'composer.json': NEEDS, **PAGE}, 'there is no composer.lock: run "composer update"'),
        ({'composer.json': '{"require": 5}', **PAGE}, '"require" in composer.json is no object'),
        ({'composer.json': '{', **PAGE}, 'composer.json is not JSON'),
    ],
)
def test_what_cannot_be_built_or_served_is_refused_with_what_to_do(files: Files, said: str) -> None:
    assert said in refusal(files)


def test_a_stack_without_php_says_so() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has no PHP'):
        PHP.plan(FakeSource({'index.php': ''}), bare, {})


def test_a_vendor_directory_is_noted_where_composer_would_change_it() -> None:
    assert 'vendor is in the repository' in plan({'composer.json': '{}', 'vendor/a.php': '', **PAGE}).notes[0]
    assert plan({'index.php': '', 'vendor/a.php': ''}).notes == ()


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            '- Required package "a/b" is not present in the lock file.',
            'composer.lock does not match composer.json\n',
        ),
        (
            '    - Root composer.json requires php ^8.4 but your php version (8.2.36) does not satisfy that requirement.',
            'composer.json asks for PHP ^8.4, and the stack has 8.2.36\nChange "php" in "require"',
        ),
        (
            '    - a/b 1.0 requires php >=8.3 -> your php version (8.2.36) does not satisfy that requirement.',
            'a/b 1.0 needs PHP >=8.3, and the stack has 8.2.36\nRun "composer config platform.php 8.2.36"',
        ),
        (
            "    - Root composer.json requires PHP extension ext-nope * but it is missing from your system. Install or enable PHP's nope extension.",
            'the extension nope is not there\n',
        ),
        (
            '    - Root composer.json requires a/b, it could not be found in any version, there may be a typo',
            'there is no package a/b\n',
        ),
        (
            '  The `url` supplied for the path (nope) repository does not exist  ',
            'a package is meant to lie in the app, and does not\n',
        ),
        (
            '  curl error 6 while downloading https://mirror.example/packages.json: Co  ',
            'could not be reached\nTry again',
        ),
        ('  "./composer.json" does not match the expected JSON schema:   ', 'cannot be used\n'),
        (
            'Script @php artisan package:discover handling the post-autoload-dump event returned with error code 1',
            'the script post-autoload-dump of composer.json failed (@php artisan package:discover)\n',
        ),
        (
            "  The 'https://repo.example.com/packages.json' URL required authentication (HTTP 401).",
            'a repository of packages refuses access\nSet the config var COMPOSER_AUTH',
        ),
        (
            'The checksum verification of the file failed (downloaded from https://repo.example.com/a.zip)',
            'a package is not the one that composer.lock names\nFind out why',
        ),
        (
            '  a/plug contains a Composer plugin which is blocked by your allow-plugins config. You may add it to the list',
            'a/plug is a plugin of Composer, and composer.json does not say that it may run\nRun "composer config allow-plugins.a/plug true"',
        ),
        (
            "  Failed to execute git clone --mirror -- 'https://git.gone.example/a.git' '/tmp/cache/php/vcs/https---git.gone.example-a.git/'",
            'the git repository https://git.gone.example/a.git could not be fetched\nCorrect its address',
        ),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = PHP.explain('composer install', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.binary(max_size=100), JSON, JSON, JSON)
def test_any_manifest_is_planned_or_refused(
    content: bytes, require: object, repositories: object, scripts: object
) -> None:
    manifest = json.dumps({'require': require, 'repositories': repositories, 'scripts': scripts})
    for text in (content, manifest):
        try:
            found = plan({'composer.json': text, **PAGE})
        except DetectError as error:
            assert len(str(error)) < 400
            continue
        assert all(isinstance(value, str | bool | tuple) for value in found.values.values())


@pytest.mark.parametrize(
    'wanted',
    [
        '^8.0',
        '>=7.4',
        '>=7.4 <9',
        '>=7.4,<8.3',
        '~8.1',
        '8.2.*',
        '^7.4 || ^8.0',
        '^7.4|^8.2',
        '*',
        '>=8.0@dev',
        'no range',
    ],
)
def test_a_range_that_the_php_of_the_stack_is_in_is_taken(wanted: str) -> None:
    assert plan(PAGE | {'composer.json': json.dumps({'require': {'php': wanted}})}).choices[0].wanted


@pytest.mark.parametrize('wanted', ['~7.3.0', '^7.4', '7.3.*', '>=8.5', '~8.1.0', '>=7.2,<8', '7.4.33'])
def test_a_range_that_it_is_not_in_is_refused_before_anything_is_built(wanted: str) -> None:
    with pytest.raises(DetectError, match=r'composer\.json asks for PHP .* and the stack cedar-12 has 8'):
        plan(PAGE | {'composer.json': json.dumps({'require': {'php': wanted}})})
