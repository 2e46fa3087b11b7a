"""Buildpacks are directories: how they are loaded, and how they explain a failed step."""

import shutil
from pathlib import Path

import pytest

from gitreceive.build.buildpack import LoadedBuildpack, load_buildpack, load_buildpacks
from gitreceive.build.detect import choose_plan
from gitreceive.config import resources
from gitreceive.model.errors import SettingsError
from gitreceive.model.plan import Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
BUILDPACKS = {buildpack.name: buildpack for buildpack in load_buildpacks()}
SHARED = {
    'buildpack/fetch-submodule': True,
    'buildpack/install-java': True,
    'buildpack/java.sh': False,
    'buildpack/memory.sh': False,
    'buildpack/note-packages': True,
    'buildpack/reach': True,
    'buildpack/registry': False,
    'buildpack/step': False,
    'buildpack/fetching': True,
    'buildpack/with-env': True,
}
PLAN = "MARKERS = ('own.txt',)\ndef detect(source): return None\ndef plan(source, stack, env): raise AssertionError\n"


def own(folder: Path, name: str = 'own', plan: str = PLAN) -> Path:
    place = folder / name
    place.mkdir()
    (place / 'plan.py').write_text(plan)
    (place / 'Dockerfile.j2').write_text('FROM {{ stack.build_image | image }}')
    (place / 'install').write_text('#!/bin/sh\n')
    (place / 'profile.sh').write_text('cd /app/src\n')
    return place


def names(buildpack: LoadedBuildpack) -> dict[str, bool]:
    return {file.name: file.executable for file in buildpack.files}


def test_the_shipped_ones_come_in_a_fixed_order() -> None:
    assert list(BUILDPACKS) == [
        *(
            'dockerfile',
            'ruby',
            'scala',
            'java',
            'deno',
            'bun',
            'node',
            'python',
            'php',
            'rust',
            'go',
            'static',
            'minimal',
        ),
        'classic',
    ]


def test_steps_get_the_directory_and_what_all_buildpacks_share_but_not_the_plan() -> None:
    assert names(BUILDPACKS['node']) == SHARED | {
        'buildpack/choose-version.js': False,
        'buildpack/node-environment': False,
        'buildpack/install-manager': True,
        'buildpack/install-node': True,
        'buildpack/node.sh': False,
        'buildpack/npm': True,
        'buildpack/pnpm': True,
        'buildpack/yarn': True,
    }


def test_a_directory_of_ones_own_is_asked_first(tmp_path: Path) -> None:
    own(tmp_path)
    found = load_buildpacks([tmp_path])
    assert [buildpack.name for buildpack in found] == ['own', *BUILDPACKS]
    assert found[0].markers == ('own.txt',)
    assert found[0].hints == {}
    assert names(found[0]) == SHARED | {
        'buildpack/install': True,
        'buildpack/profile.sh': False,
    }


def test_one_of_the_same_name_replaces_the_shipped_one(tmp_path: Path) -> None:
    own(tmp_path, 'node')
    found = load_buildpacks([tmp_path])
    assert (found[0].name, found[0].markers) == ('node', ('own.txt',))
    assert len(found) == len(BUILDPACKS)


@pytest.mark.parametrize(
    ('plan', 'said'),
    [
        ('MARKERS = ()', 'does not define detect, plan'),
        ('def (', 'cannot be loaded'),
        ('import no_such_module', 'cannot be loaded'),
    ],
)
def test_a_plan_that_cannot_be_used_is_named(tmp_path: Path, plan: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_buildpack(own(tmp_path, plan=plan))


def test_a_plan_may_have_modules_beside_it(tmp_path: Path) -> None:
    place = own(tmp_path, plan='from .marks import MARKERS as MARKERS\n' + PLAN.partition('\n')[2])
    (place / 'marks.py').write_text("MARKERS = ('one.txt',)\n")
    assert load_buildpack(place).markers == ('one.txt',)
    (place / 'marks.py').write_text("MARKERS = ('two-words.txt',)\n")
    again = load_buildpack(place)
    assert again.markers == ('two-words.txt',)
    assert 'buildpack/marks.py' not in names(again)


def test_a_directory_that_is_no_buildpack_says_what_it_lacks(tmp_path: Path) -> None:
    place = own(tmp_path)
    (place / 'Dockerfile.j2').unlink()
    with pytest.raises(SettingsError, match=r'is not a buildpack: Dockerfile\.j2'):
        load_buildpack(place)
    with pytest.raises(SettingsError, match='name has lower-case letters'):
        load_buildpack(own(tmp_path, 'Own'))
    with pytest.raises(SettingsError, match='cannot be read'):
        load_buildpacks([tmp_path / 'nowhere'])


@pytest.mark.parametrize(
    ('buildpack', 'line', 'cause'),
    [
        (
            'node',
            'npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.',
            'package-lock.json does not match',
        ),
        (
            'node',
            'npm error code ETARGET\nnpm error notarget No matching version found for ms@99.99.99.',
            'no version that satisfies ms@99.99.99\n',
        ),
        (
            'node',
            "npm error code E404\nnpm error 404 Not Found - GET\nnpm error 404  'no-such@1.0.0' is not in this registry.",
            'the package registry has no no-such@1.0.0',
        ),
        ('node', 'npm error code E404\nnpm error 404  The requested resource could not be found', None),
        ('node', 'npm error code E401', 'refuses access'),
        ('node', 'npm error code ERESOLVE\nnpm error ERESOLVE could not resolve', 'contradict each other'),
        ('node', 'npm error code EINTEGRITY', 'not the one that the lock file names'),
        ('node', 'npm error gyp ERR! build error', 'native module'),
        ('node', 'npm error Missing script: "build"', 'has no script "build"'),
        ('node', 'sh: 1: tsc: not found', 'the command tsc is not there'),
        ('node', "Error: Cannot find module 'left-pad'", 'the module left-pad is not there'),
        ('node', 'npm error code ENOTFOUND\nnpm error syscall getaddrinfo', 'could not be reached'),
        ('node', 'npm error code ENOSPC', 'disk of the build host is full'),
        (
            'node',
            '/tmp/buildpack/npm: line 40:    12 Killed                  "$home/bin/npm"',
            'out of memory',
        ),
        (
            'node',
            'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
            'out of memory',
        ),
        (
            'node',
            'there is no version of Node.js that satisfies "99.x"; there are 26.1.0',
            'no version of Node.js that satisfies "99.x"; there are 26.1.0\nCorrect',
        ),
        (
            'python',
            'ERROR: No matching distribution found for itsdangerous==99.99.99',
            'no package that satisfies itsdangerous==99.99.99\n',
        ),
        (
            'python',
            'django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.',
            'need SECRET_KEY',
        ),
        ('python', "KeyError: 'SECRET_KEY'", 'need SECRET_KEY'),
        ('python', "KeyError: 'DATABASE_URL'", 'needs the variable DATABASE_URL while it is built'),
        (
            'python',
            "ImproperlyConfigured: You're using the staticfiles app without having set the STATIC_ROOT setting to a filesystem path.",
            'where to collect',
        ),
        ('python', 'django.core.exceptions.ImproperlyConfigured: bad', 'Django: bad'),
        ('python', "ModuleNotFoundError: No module named 'yaml'", 'the module yaml is not installed'),
        ('python', 'Error: pg_config executable not found.', 'psycopg2-binary'),
        ('python', 'ERROR: Failed building wheel for lxml', 'could not be compiled'),
        ('python', 'ERROR: ResolutionImpossible: for help visit', 'contradict each other'),
        ('python', 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', 'hashes'),
        (
            'python',
            "ERROR: Invalid requirement: 'a b c' (from line 1 of requirements.txt)",
            'has a line that is none',
        ),
        ('python', 'OSError: [Errno 28] No space left on device', 'disk of the build host is full'),
        (
            'python',
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate",
            'is not trusted',
        ),
        (
            'node',
            'pnpm 10.20.0 is not the one whose hash packageManager names: its sha512 is cf99',
            'pnpm 10.20.0 is not the one whose hash packageManager names\nRun "corepack use"',
        ),
        (
            'node',
            'no version of pnpm that satisfies "10.x" runs on Node.js v12.22.12: ask for another one, or another Node.js',
            'runs on Node.js v12.22.12: ask for another one, or another Node.js\nCorrect it where',
        ),
        (
            'node',
            'error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.',
            'yarn.lock does not match package.json\n',
        ),
        (
            'node',
            '➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.',
            'yarn.lock does not match package.json\n',
        ),
        (
            'node',
            ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date',
            'pnpm-lock.yaml does not match package.json\n',
        ),
        (
            'node',
            ' ERR_PNPM_LOCKFILE_BREAKING_CHANGE  Lockfile /app/src/pnpm-lock.yaml not compatible with current pnpm',
            'cannot be used by this pnpm',
        ),
        (
            'node',
            'error Couldn\'t find any versions for "ms" that matches "99.99.99"',
            'no version that satisfies',
        ),
        (
            'node',
            ' ERR_PNPM_NO_MATCHING_VERSION  No matching version found for ms@99.99.99 while fetching it',
            'no version that satisfies ms@99.99.99',
        ),
        (
            'node',
            '➤ YN0082: │ ms@npm:99.99.99: No candidates found',
            'no version that satisfies ms@npm:99.99.99',
        ),
        ('node', ' ERR_PNPM_FETCH_404  GET no-such: Not Found - 404', 'has not one of the packages'),
        ('node', '➤ YN0035: │ no-such@npm:1.0.0: Package not found', 'has not one of the packages'),
        ('node', ' ERR_PNPM_FETCH_401  GET @own/x: Unauthorized - 401', 'refuses access'),
        (
            'node',
            '➤ YN0041: │ @own/x@npm:1.0.0: Invalid authentication (as an anonymous user)',
            'refuses access',
        ),
        (
            'node',
            'error Integrity check failed for "ms" (computed integrity',
            'not the one that the lock file names',
        ),
        (
            'node',
            "➤ YN0018: │ ms@npm:2.1.3: The remote archive doesn't match the expected checksum",
            'not the one',
        ),
        (
            'node',
            ' ERR_PNPM_UNSUPPORTED_ENGINE  Unsupported environment (bad pnpm and/or Node.js version)',
            'does not run',
        ),
        (
            'node',
            'error x@1.0.0: The engine "node" is incompatible with this module.',
            'does not run on this version',
        ),
        ('node', ' ERR_PNPM_PEER_DEP_ISSUES  Unmet peer dependencies', 'contradict each other'),
        ('node', 'Usage Error: Couldn\'t find a script named "build".', 'no such script or command'),
        ('node', 'error Command "vite" not found.', 'no such script or command'),
        (
            'node',
            "src/a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.",
            'compiler found errors',
        ),
        (
            'node',
            'error during build:\nRollupError: Could not resolve "./x" from "main.js"',
            'bundler could not',
        ),
        ('node', 'Error: error:0308010C:digital envelope routines::unsupported', 'an older OpenSSL'),
        (
            'node',
            "SyntaxError: Unexpected token '??='",
            'no JavaScript for this version of Node.js: SyntaxError',
        ),
        ('node', 'YAMLException: duplicated mapping key', 'the lock file is broken'),
        ('node', 'npm error code EBADENGINE', 'does not run on this version of Node.js'),
        ('node', 'npm error code ECONNREFUSED', 'could not be reached'),
        ('node', '/tmp/buildpack/npm: line 8: Killed', 'out of memory'),
        ('node', 'npm error code SELF_SIGNED_CERT_IN_CHAIN', 'is not trusted'),
        (
            'python',
            'error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.',
            'uv.lock does not match pyproject.toml',
        ),
        (
            'python',
            'pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix',
            'poetry.lock does not match pyproject.toml',
        ),
        (
            'python',
            'Your Pipfile.lock \n(6ff80e5467cd66) is out of \ndate. Expected: \n(adf54aada8a3)',
            'Pipfile.lock does not match Pipfile\n',
        ),
        (
            'python',
            "WARNING: Lockfile doesn't satisfy the project requirements, packages may be outdated",
            'pdm.lock does not match pyproject.toml',
        ),
        ('python', 'ValueError: No file/folder found for package shop', 'package-mode = false'),
        (
            'python',
            "error: The requested interpreter resolved to Python 3.11.2, which is incompatible with the project's Python requirement: `>=3.12`",
            'does not run on this version of Python',
        ),
        (
            'python',
            "ERROR: Package 'shop' requires a different Python: 3.11.2 not in '>=3.13'",
            'does not run on this version of Python',
        ),
        (
            'python',
            'the mirror of this receiver has no Python 3.13',
            'no Python 3.13\nAsk for a version that is there',
        ),
        (
            'python',
            '  x No solution found when resolving dependencies: Because there is no version of ms==9 and',
            'the package index has not',
        ),
        (
            'python',
            'src/x.c:1:10: fatal error: libpq-fe.h: No such file or directory',
            'the header libpq-fe.h',
        ),
        ('python', "error: can't find Rust compiler", 'compiled with Rust'),
        (
            'python',
            'ImportError: libGL.so.1: cannot open shared object file: No such file or directory',
            'the native library libGL.so.1 is not there',
        ),
        ('python', '/tmp/buildpack/environment: line 30: Killed', 'out of memory'),
        (
            'python',
            'ReadTimeoutError: HTTPSConnectionPool(host=x, port=443): Read timed out.',
            'could not be reached',
        ),
        ('python', 'ConnectionError: Temporary failure in name resolution', 'could not be reached'),
        (
            'bun',
            'error: lockfile had changes, but lockfile is frozen',
            'bun.lock does not match package.json',
        ),
        (
            'bun',
            'error: No version matching "99.99.99" found for specifier "ms" (but package exists)',
            'no version 99.99.99 of ms',
        ),
        ('bun', 'error: GET no-such - 404', 'has not one of the packages'),
        ('bun', 'error: Script not found "build"', 'no script "build"'),
        ('bun', 'there is no Bun that satisfies "99.x"', 'no Bun that satisfies "99.x"\nCorrect it'),
        ('bun', "error: Cannot find package 'ms' from '/app/src/server.ts'", 'the module ms is not there'),
        ('minimal', 'bash: ./run: Permission denied', 'chmod=+x'),
        ('minimal', 'something else', None),
    ],
)
def test_the_last_lines_of_a_step_become_a_cause_and_a_remedy(
    buildpack: str, line: str, cause: str | None
) -> None:
    said = BUILDPACKS[buildpack].explain('a step', line.split('\n'))
    if cause is None:
        assert said is None
    else:
        assert said is not None
        assert cause in said
        assert said.count('\n') == 1


def test_explaining_endless_lines_ends() -> None:
    for buildpack in BUILDPACKS.values():
        assert (
            buildpack.explain('a step', ['code EUSAGE code E404 code ETARGET ' + '404 ' * 100_000] * 30)
            is None
        )


def test_a_classic_one_is_known_by_name_and_comes_whole(tmp_path: Path) -> None:
    for name, content in {
        'bin/detect': '#!/bin/sh\n',
        'bin/compile': '#!/bin/sh\n',
        'lib/x.rb': 'x',
        '.git/y': 'y',
    }.items():
        path = tmp_path / 'cobol' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if name.startswith('bin/') else 0o644)
    found = load_buildpacks([tmp_path])
    assert [buildpack.name for buildpack in found] == list(BUILDPACKS)
    assert {
        name: executable for name, executable in names(found[-1]).items() if name.startswith('buildpack/own/')
    } == {
        'buildpack/own/cobol/bin/detect': True,
        'buildpack/own/cobol/bin/compile': True,
        'buildpack/own/cobol/lib/x.rb': False,
    }


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped buildpacks that a test may add to."""
    shutil.copytree(resources.directory('buildpacks'), tmp_path / 'buildpacks')
    monkeypatch.setattr(resources, 'roots', lambda: [tmp_path])
    return tmp_path / 'buildpacks'


COBOL = """
from gitreceive.model.plan import Plan
MARKERS = ('main.cob',)
ORDER = 15
ASSETS = 'detected'
def detect(source): return 'main.cob' if source.exists('main.cob') else None
def plan(source, stack, env): return Plan(buildpack='cobol', title='COBOL', reason='main.cob')
"""


def test_a_shipped_one_is_added_by_its_directory_alone(shipped: Path) -> None:
    own(shipped, 'cobol', COBOL)
    found = load_buildpacks()
    assert [each.name for each in found][:3] == ['dockerfile', 'cobol', 'ruby']
    start = '{"scripts": {"build": "make"}}'
    files: dict[str, str | bytes] = {'main.cob': '', 'package.json': start, 'Procfile': 'web: a'}
    plan = choose_plan(FakeSource(files), found, STACK, {})
    assert (plan.buildpack, plan.assets and plan.assets.buildpack) == ('cobol', 'node')
    asked = choose_plan(FakeSource({**files, '.buildpacks': 'node\ncobol'}), found, STACK, {})
    assert asked.assets and asked.assets.values['stays']


def test_without_a_platform_that_makes_assets_nobody_gets_any(shipped: Path) -> None:
    shutil.rmtree(shipped / 'node')
    files: dict[str, str | bytes] = {'requirements.txt': '', 'package.json': '{}', 'Procfile': 'web: a'}
    assert choose_plan(FakeSource(files), load_buildpacks(), STACK, {}).assets is None


@pytest.mark.parametrize('declared', ["ORDER = 'first'", "ASSETS = 'always'", 'YIELDS = 1'])
def test_what_a_plan_declares_is_checked(tmp_path: Path, declared: str) -> None:
    with pytest.raises(SettingsError, match=declared.partition(' ')[0]):
        load_buildpack(own(tmp_path, plan=PLAN + declared))
