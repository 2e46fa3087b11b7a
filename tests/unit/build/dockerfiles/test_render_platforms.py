"""Whatever the manifests of a platform say, its Dockerfile has the same instructions, and commands stay ours."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.traits import DETECTED
from gitreceive.model.errors import GitReceiveError
from gitreceive.stack import load_stack
from tests.fakes import FakeSource
from tests.unit.build.dockerfiles.test_render import TEXT, recipe, shape

START = [('FROM',), ('ENV',), ('USER',)]
END = ('WORKDIR',)

USUAL: Mapping[str, dict[str, str]] = {
    'deno': {
        'deno.json': '{"tasks": {"build": "make"}}',
        'deno.lock': '{}',
        'main.ts': 'Deno.serve(() => new Response())',
        '.dvmrc': '2.9.6',
    },
    'go': {'go.mod': 'module a\ngo 1.24\n', 'main.go': 'package main'},
    'java': {'pom.xml': '<project/>', 'system.properties': 'java.runtime.version=17'},
    'php': {
        'composer.json': '{"require": {"php": "^8.1"}, "scripts": {"compile": "make"}}',
        'composer.lock': '{}',
        'public/index.php': '',
    },
    'ruby': {
        'Gemfile': "gem 'rack'\n",
        'Gemfile.lock': 'GEM\n  specs:\n    rack (2.2.8)\n\nPLATFORMS\n  ruby\n\nRUBY VERSION\n   ruby 3.1.2\n',
        'config.ru': '',
        'Rakefile': "task 'assets:precompile'",
    },
    'rust': {
        'Cargo.toml': '[package]\nname = "hello"\ndefault-run = "hello"\n',
        'Cargo.lock': 'version = 4',
        'src/main.rs': 'fn main() {}',
        'rust-toolchain': '1.80',
    },
    'scala': {'build.sbt': '', 'project/build.properties': 'sbt.version=1.10.7'},
    'static': {'Staticfile': 'root: web', 'web/index.html': '', 'web/404.html': ''},
}
STEPS: Mapping[str, list[tuple[str, ...]]] = {
    'deno': [
        ('RUN', '/tmp/buildpack/install-deno'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/deno'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/deno'),
    ],
    'go': [('RUN', '/tmp/buildpack/install-go'), ('COPY',), ('RUN', '/tmp/buildpack/compile')],
    'java': [
        ('RUN', '/tmp/buildpack/install-java'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/maven'),
        ('RUN', '/tmp/buildpack/finish'),
    ],
    'php': [
        ('RUN', '/tmp/buildpack/install-php'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/composer'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/composer'),
        ('RUN', '/tmp/buildpack/composer'),
    ],
    'ruby': [
        ('RUN', '/tmp/buildpack/install-ruby'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/bundle'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/bundle'),
    ],
    'rust': [('RUN', '/tmp/buildpack/install-rust'), ('COPY',), ('RUN', '/tmp/buildpack/compile')],
    'scala': [
        ('RUN', '/tmp/buildpack/install-java'),
        ('RUN', '/tmp/buildpack/install-sbt'),
        ('COPY',),
        ('RUN', '/tmp/buildpack/sbt'),
        ('RUN', '/tmp/buildpack/finish'),
    ],
    'static': [('RUN', '/tmp/buildpack/install-nginx'), ('COPY',)],
}


@pytest.mark.parametrize('platform', USUAL)
def test_an_ordinary_app_has_these_steps(platform: str) -> None:
    assert shape(recipe(dict(USUAL[platform]))) == [*START, *STEPS[platform], END]


@pytest.mark.parametrize(
    'platform', [each.name for each in load_buildpacks() if each.traits.assets == DETECTED]
)
def test_node_builds_the_assets_of_a_platform_and_neither_takes_the_others_scripts(platform: str) -> None:
    files = {'python': {'requirements.txt': '', 'Procfile': 'web: a'}, **USUAL}[platform]
    planner = Planner(buildpacks=load_buildpacks(), stack=load_stack('cedar-12'))
    package = '{"scripts": {"build": "make"}}'
    planned = planner.plan(FakeSource({'Procfile': 'web: a', **files, 'package.json': package}), {})
    assert planned.plan.buildpack == platform
    assert '["/tmp/buildpack/npm", "run", "build"]' in planned.recipe.dockerfile
    assert 'COPY --from=assets --chown=app:app ["/app/src", "/app/src"]' in planned.recipe.dockerfile
    content = {file.name: file.content for file in planned.recipe.files}
    assert len(content) == len(planned.recipe.files)
    for folder, buildpack in zip(('buildpack/', 'assets/'), planned.buildpacks, strict=True):
        for file in buildpack.files:
            assert content[file.name.replace('buildpack/', folder)] == file.content


@pytest.mark.parametrize('platform', USUAL)
@settings(max_examples=60)
@given(words=st.lists(TEXT, min_size=4, max_size=4), data=st.data())
def test_no_manifest_adds_an_instruction(platform: str, words: list[str], data: st.DataObject) -> None:
    """Texts of an attacker are put into the manifests at any place, and into the names of files."""
    files: dict[str, str | bytes] = {}
    for name, content in USUAL[platform].items():
        places = [place for place, letter in enumerate(content) if letter in ' \n"\'>'] or [0]
        at = data.draw(st.sampled_from(places)) + 1
        files[name] = f'{content[:at]}{words[0]}{content[at:]}\n{words[1]}'.encode('utf-8', 'replace')
    files[f'{words[2]}~'] = words[3].encode('utf-8', 'replace')  # no name that marks another platform
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    allowed = {*START, *STEPS[platform], END}
    assert found[:3] == START and found[-1] == END
    assert set(found) <= allowed
    assert len(found) <= len(STEPS[platform]) + 5
