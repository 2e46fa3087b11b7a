"""A site that a build makes is served as files, unless the app has a program that answers."""

import json

import pytest

from gitreceive.build.appfiles.sites import Site, built_site
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.build.dockerfiles.mark import CODE_MARK, marked
from gitreceive.build.planning import Planner
from gitreceive.model.plan import Plan
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

STACK = load_stack('cedar-12')
ANGULAR = {'build': {'builder': '@angular/build:application', 'options': {}}}


def package(tool: str, start: str = '', **more: str) -> dict[str, object]:
    scripts = {'build': 'make', **({'start': start} if start else {})}
    return {'scripts': scripts, 'devDependencies': {tool: '1'}, 'dependencies': more}


def site(wanted: dict[str, object], files: dict[str, str | bytes] | None = None) -> Site | None:
    return built_site(FakeSource(files or {}), wanted)


def workspace(**build: object) -> dict[str, str | bytes]:
    project = {'architect': {'build': {**ANGULAR['build'], **build}}}
    return {'angular.json': '// made by ng\n' + json.dumps({'projects': {'shop': project}})}


@pytest.mark.parametrize(
    ('tool', 'start', 'files', 'root', 'fallback'),
    [
        ('vite', '', {}, 'dist', True),
        ('vite', 'vite --host', {}, 'dist', True),
        ('vite', '', {'vite.config.ts': "export default {build: {outDir: './out/web'}}"}, 'out/web', True),
        ('react-scripts', 'react-scripts start', {}, 'build', True),
        ('@vue/cli-service', '', {}, 'dist', True),
        ('gatsby', 'gatsby develop', {}, 'public', False),
        ('astro', 'astro dev', {}, 'dist', False),
        ('astro', '', {'astro.config.mjs': "export default {outDir: 'site'}"}, 'site', False),
        ('@docusaurus/core', 'docusaurus start', {}, 'build', False),
        ('@11ty/eleventy', 'npx @11ty/eleventy --serve', {}, '_site', False),
        (
            '@sveltejs/kit',
            '',
            {'svelte.config.js': "import a from '@sveltejs/adapter-static'"},
            'build',
            True,
        ),
        ('next', '', {'next.config.mjs': "export default {output: 'export'}"}, 'out', False),
        ('parcel', 'parcel index.html', {}, 'dist', True),
        ('@angular/core', 'ng serve', workspace(), 'dist/shop/browser', True),
        ('@angular/core', '', workspace(options={'outputPath': 'dist/x'}), 'dist/x/browser', True),
        ('@angular/core', '', workspace(options={'outputPath': {'base': 'o', 'browser': ''}}), 'o', True),
        ('@angular/core', '', workspace(builder='@angular-devkit/build-angular:browser'), 'dist/shop', True),
    ],
)
def test_each_tool_has_its_place(
    tool: str, start: str, files: dict[str, str | bytes], root: str, fallback: bool
) -> None:
    found = site(package(tool, start), files)
    assert found and (found.root, found.fallback) == (root, fallback)


@pytest.mark.parametrize(
    ('wanted', 'files'),
    [
        (package('vite', 'node index.js'), {}),
        (package('vite', 'vite && node index.js'), {}),
        (package('vite', express='4'), {}),
        (package('vite'), {'server.js': ''}),
        ({'devDependencies': {'vite': '5'}}, {}),
        (package('webpack'), {}),
        (package('next'), {}),
        (package('astro'), {'astro.config.mjs': "export default {output: 'server'}"}),
        (package('@sveltejs/kit'), {'svelte.config.js': "import a from '@sveltejs/adapter-node'"}),
        (package('@sveltejs/kit'), {}),
        (package('@angular/core'), {}),
        (package('@angular/core'), {'angular.json': '{"projects": {"a": {}, "b": {}}}'}),
        (package('vite'), {'vite.config.js': "x = {outDir: '../elsewhere'}"}),
        (package('@angular/core'), workspace(options={'outputPath': '../x'})),
    ],
)
def test_what_answers_by_itself_or_has_no_known_place_is_no_site(
    wanted: dict[str, object], files: dict[str, str | bytes]
) -> None:
    assert site(wanted, files) is None


def chosen(files: dict[str, str | bytes]) -> Plan:
    made_of = {'package.json': json.dumps(package('vite', 'vite')), 'index.html': '<html>'}
    return choose_plan(FakeSource({**made_of, **files}), load_buildpacks(), STACK, {})


def test_a_site_is_served_by_nginx_with_its_one_page_for_every_address() -> None:
    plan = chosen({})
    assert (plan.title, plan.buildpack, plan.reason) == ('Vite site', 'static', 'package.json')
    assert [one.command for one in plan.processes] == ['serve-static']
    assert plan.values['root'] == 'dist' and 'pushstate' in str(plan.values['options'])
    assert plan.notes[0].startswith('Vite makes a site of files, and dist/ is served.')


@pytest.mark.parametrize(
    ('files', 'buildpack'),
    [
        ({'Procfile': 'web: node x.js'}, 'node'),
        ({'railway.json': '{"deploy": {"startCommand": "node x.js"}}'}, 'node'),
        ({'requirements.txt': 'flask', 'Procfile': 'web: gunicorn app:app'}, 'python'),
        ({'composer.json': '{}', 'index.php': ''}, 'php'),
        ({'.buildpacks': 'node\n', 'Procfile': 'web: node x.js'}, 'node'),
    ],
)
def test_an_app_that_says_how_it_is_started_is_no_site(files: dict[str, str | bytes], buildpack: str) -> None:
    stack = load_stack('cedar-12')
    plan = choose_plan(
        FakeSource({'package.json': json.dumps(package('vite', 'vite')), **files}),
        load_buildpacks(),
        stack,
        {},
    )
    assert plan.buildpack == buildpack


def test_the_slug_has_the_site_and_nothing_that_made_it() -> None:
    files = {'package.json': json.dumps(package('vite')), 'index.html': '<html>'}
    planned = Planner(buildpacks=load_buildpacks(), stack=STACK).plan(FakeSource(files), {})
    dockerfile = marked(planned.recipe).dockerfile
    made, _, served = dockerfile.partition('\n\nFROM ')
    assert 'prune' not in made and made.endswith('["/tmp/buildpack/check-root", "dist"]')
    assert CODE_MARK not in made
    mark = f'COPY ["mark", "{CODE_MARK}"]\n'
    copied = 'COPY --from=assets --chown=app:app ["/app/src/dist", "/app/src/dist"]'
    assert mark + copied in served
    assert '/opt/node' not in served and '"/app/src", "/app/src"' not in served
