"""A package index behind a firewall that drops packets ends the step, by each package client, and is named."""

from collections.abc import Iterator, Mapping

import docker
import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError
from gitreceive.model.plan import Stack
from tests.building import Workshop, workshop
from tests.fakes import FakeSource
from tests.served import bridge
from tests.silence import silent_port

SHA256 = '4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274'
WHEEL = 'six-1.17.0-py2.py3-none-any.whl'
SIX = f"""
[[package]]
name = "six"
version = "1.17.0"
description = "Python 2 and 3"
optional = false
python-versions = ">=2.7"
groups = ["main", "default"]
files = [{{{{file = "{WHEEL}", hash = "sha256:{SHA256}"}}}}]
"""
PDM = """
[metadata]
groups = ["default"]
strategy = ["inherit_metadata"]
lock_version = "4.5.1"
content_hash = "sha256:ebf8e6b265812b43904e47f6b6a593c9bfccb600bfc92fd75da6951fdcd67476"
[[metadata.targets]]
requires_python = ">=3.9"
"""
POETRY = """
[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
content-hash = "05d67760d11b757a50396d66fbee51bdf399667eb2022740e0965b2469bba169"
"""
UV = """
version = 1
requires-python = ">=3.9"
[[package]]
name = "a"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]
[package.metadata]
requires-dist = [{{ name = "six", specifier = "==1.17.0" }}]
[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "{url}/simple" }}
wheels = [{{ url = "{url}/WHEEL", hash = "sha256:SHA256", size = 11050 }}]
""".replace('WHEEL', WHEEL).replace('SHA256', SHA256)
PIPENV = """
{{"_meta": {{"hash": {{"sha256": "84c2e21771457e7e60048cd7d81874d5f8210db4c93d03494250d6e942ed338c"}},
  "pipfile-spec": 6, "requires": {{}}, "sources": [{{"name": "pypi", "url": "{secure}/simple", "verify_ssl": true}}]}},
 "default": {{"six": {{"hashes": ["sha256:SHA256"], "index": "pypi", "version": "==1.17.0"}}}}, "develop": {{}}}}
""".replace('SHA256', SHA256)
PROJECT = '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six==1.17.0"]\n'
MIRROR = '<settings><mirrors><mirror><id>m</id><mirrorOf>*</mirrorOf><url>{url}</url></mirror></mirrors></settings>'
CRATE = '[[package]]\nname = "itoa"\nversion = "1.0.1"\nsource = "registry+https://index.example"\nchecksum = "%s"\n'

APPS: Mapping[str, Mapping[str, str]] = {
    'bundler': {
        'Gemfile': 'source "{url}"\ngem "rack", "2.2.4"\n',
        'Gemfile.lock': 'GEM\n  remote: {url}/\n  specs:\n    rack (2.2.4)\n\nPLATFORMS\n  ruby\n\n'
        'DEPENDENCIES\n  rack (= 2.2.4)\n',
    },
    'bun': {
        'package.json': '{{"name": "a", "dependencies": {{"left-pad": "1.3.0"}}}}',
        'bun.lock': '{{"lockfileVersion": 1, "workspaces": {{"": {{"name": "a", "dependencies": {{"left-pad": "1.3.0"}}}}}},'
        ' "packages": {{"left-pad": ["left-pad@1.3.0", "", {{}}, "sha512-%s=="]}}}}' % ('A' * 86),
        'bunfig.toml': '[install]\nregistry = "{url}/"\n',
    },
    'cargo': {
        'Cargo.toml': '[package]\nname = "a"\nversion = "0.1.0"\n[dependencies]\nitoa = "=1.0.1"\n',
        'Cargo.lock': 'version = 3\n[[package]]\nname = "a"\nversion = "0.1.0"\ndependencies = ["itoa"]\n'
        + CRATE.replace('https://index.example', '{url}/index') % SHA256,
        'src/main.rs': 'fn main() {{}}',
        '.cargo/config.toml': '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+{url}/index/"\n',
    },
    'composer': {
        'composer.json': '{{"repositories": [{{"type": "composer", "url": "{url}/"}}], "config": {{"secure-http": false}},'
        ' "require": {{"psr/log": "1.1.4"}}}}',
        'composer.lock': '{{"content-hash": "x", "packages": [{{"name": "psr/log", "version": "1.1.4", "type": "library",'
        ' "dist": {{"type": "zip", "url": "{url}/x.zip", "reference": "a", "shasum": ""}}}}], "packages-dev": [],'
        ' "platform": [], "platform-dev": []}}',
        'index.php': '',
    },
    'deno': {
        'deno.json': '{{"imports": {{"left-pad": "npm:left-pad@1.3.0"}}}}',
        'main.ts': 'import pad from "left-pad"; console.log(pad)',
        '.npmrc': 'registry={url}/\n',
    },
    'go': {
        'go.mod': 'module a\n\ngo 1.19\n\nrequire rsc.io/quote v1.5.2\n',
        'go.sum': 'rsc.io/quote v1.5.2 h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n'
        'rsc.io/quote v1.5.2/go.mod h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=\n',
        'main.go': 'package main\n\nimport "rsc.io/quote"\n\nfunc main() {{ println(quote.Hello()) }}\n',
    },
    'gradle': {
        'build.gradle': "apply plugin: 'java'\nrepositories {{ maven {{ url '{url}' }} }}\n"
        "dependencies {{ compile 'junit:junit:4.12' }}\n",
        'src/main/java/A.java': 'public class A {{}}',
    },
    'maven': {
        'pom.xml': '<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId>'
        '<version>1</version></project>',
        'settings.xml': MIRROR,
    },
    'maven-wrapper': {
        'pom.xml': '<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId>'
        '<version>1</version></project>',
        'mvnw': '#!/bin/sh\n# Fetches as the wrapper without a jar does.\n'
        'curl --fail --silent --show-error --location --output /tmp/maven.zip "$(sed s/distributionUrl=// .mvn/properties)"',
        '.mvn/properties': 'distributionUrl={url}/apache-maven-3.9.9-bin.zip',
    },
    'sbt': {
        'build.sbt': 'name := "a"\n',
        'project/build.properties': 'sbt.version=1.9.9\n',
        'repositories': '[repositories]\n  m: {url}, allowInsecureProtocol\n',
    },
    'pdm': {'pyproject.toml': PROJECT + '[tool.pdm]\ndistribution = false\n', 'pdm.lock': PDM + SIX},
    'pipenv': {'Pipfile': '[packages]\nsix = "==1.17.0"\n', 'Pipfile.lock': PIPENV},
    'poetry': {
        'pyproject.toml': '[tool.poetry]\nname = "a"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = ">=3.9"\nsix = "1.17.0"\n',
        'poetry.lock': SIX + POETRY,
    },
    'uv': {
        'pyproject.toml': PROJECT + '[[tool.uv.index]]\nname = "x"\nurl = "{url}/simple"\ndefault = true\n',
        'uv.lock': UV,
        '.python-version': '3.11',
    },
}
CONFIG: Mapping[str, Mapping[str, str]] = {
    'go': {'GOPROXY': '{url}', 'GONOSUMDB': '*'},
    'pdm': {'PDM_PYPI_URL': '{secure}/simple'},
    'poetry': {'PIP_INDEX_URL': '{secure}/simple'},
    'sbt': {
        'SBT_OPTS': '-Dsbt.repository.config=/app/src/repositories -Dsbt.override.build.repos=true',
        'SBT_TASKS': 'compile',
    },
}
ADDITIONS = {'cargo': 'rust', 'composer': 'php'}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope='module')
def shop(docker_host: str) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.fixture(scope='module')
def silent(engine: docker.DockerClient) -> Iterator[str]:
    address = bridge(engine)
    with silent_port(address) as port:
        yield f'http://{address}:{port}'


@pytest.mark.parametrize('client', sorted(APPS))
def test_a_silent_index_ends_the_step_and_is_named(
    client: str, shop: Workshop, stack: Stack, silent: str, request: pytest.FixtureRequest
) -> None:
    if client in ADDITIONS:
        request.getfixturevalue(ADDITIONS[client])
    urls = {'url': silent, 'secure': silent.replace('http:', 'https:')}
    files: dict[str, str | bytes] = {name: text.format(**urls) for name, text in APPS[client].items()}
    files['Procfile'] = 'web: x'
    env = {name: text.format(**urls) for name, text in CONFIG.get(client, {}).items()}
    planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(FakeSource(files), env)
    clock = BuildClock(500)
    try:
        job = shop.job('', source=planned.source, recipe=planned.recipe, app=AppName('silent'), env=env)
        with pytest.raises(BuildError) as error:
            shop.builder.build(job, shop.console, clock)
    finally:
        clock.close()
    told = planned.explain(error.value.step, error.value.tail) or ''
    host = silent.removeprefix('http://')
    assert f'no connection to {host} within 10 seconds' in told, (told, error.value.step, error.value.tail)
