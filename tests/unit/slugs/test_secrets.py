"""Nothing secret leaves with a slug, and nothing ordinary keeps one back."""

import base64
import gzip
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest

from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, SecretError, SlugError
from gitreceive.slugs.ports import SlugEntry
from gitreceive.slugs.secrets import MOST, SecretFinding, find_secrets, refuse_secrets, scan_rules
from tests.packing import Files, packed

HELLO = AppName('hello')
SECRET = 'postgres://hello:c0rrect-h0rse@db.example.test/hello'
BODY = b'MIIEowIBAAKCAQEAx' + b'0aB1' * 12
CONFIG = {'DATABASE_URL': SECRET, 'NODE_ENV': 'production', 'PORT': '5000'}
PEM = b'-----BEGIN RSA PRIVATE KEY-----\n' + BODY + b'\n'


def found(files: Files, *allowed: str) -> list[str]:
    watch = scan_rules(HELLO, CONFIG, allowed)
    with closing(BuildClock(60)) as clock:
        findings = find_secrets(io.BytesIO(packed(files)), watch, GzipSlugReader(), clock)
    return [f'{finding.path}: {finding.what}' for finding in findings]


@pytest.mark.parametrize(
    'name', ['src/.env', 'src/config/.env', 'src/.env.local', 'src/.env.production.local']
)
def test_an_env_file_is_found(name: str) -> None:
    assert found({name: b'A=1'}) == [f'/app/{name}: a file of environment variables']


@pytest.mark.parametrize(
    'name',
    [
        'src/.env.example',
        'src/.env.production',
        'src/env',
        'src/.envrc',
        'src/node_modules/x/.env',
        'heroku/x/.env',
    ],
)
def test_a_file_with_a_similar_name_or_of_a_dependency_is_not(name: str) -> None:
    assert found({name: b'A=1'}) == []


@pytest.mark.parametrize(
    'content',
    [
        PEM,
        PEM.replace(b'RSA ', b''),
        PEM.replace(b'RSA ', b'OPENSSH ').replace(b'\n', b'\r\n'),
        b'{"private_key": "' + PEM.replace(b'RSA ', b'').replace(b'\n', b'\\n') + b'"}',
        b'-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n',
        b'-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n' + BODY,
        b'PuTTY-User-Key-File-3: ssh-ed25519\n',
    ],
)
@pytest.mark.parametrize('before', [0, 262_100, 262_144 - 30])
def test_a_private_key_is_found_wherever_it_stands_in_a_file(content: bytes, before: int) -> None:
    assert found({'src/notes': b'.' * before + content}) == ['/app/src/notes: a private key']


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('src/check.py', b'if "-----BEGIN PRIVATE KEY-----" in text:\n    pass\n'),
        ('src/key.pub', b'-----BEGIN PUBLIC KEY-----\n' + BODY),
        ('src/cert.pem', b'-----BEGIN CERTIFICATE-----\n' + BODY),
        ('src/node_modules/tls/test/key.pem', PEM),
        ('heroku/python/lib/python3.11/site-packages/x/test/key.pem', PEM),
        ('src/vendor/x/key.pem', PEM),
    ],
)
def test_what_only_names_keys_and_the_test_keys_of_dependencies_are_not(name: str, content: bytes) -> None:
    assert found({name: content}) == []


@pytest.mark.parametrize(
    'name', ['src/settings.js', 'src/node_modules/x/.env', 'src/dist/bundle.js', 'heroku/node/etc/npmrc']
)
@pytest.mark.parametrize(
    'content', [SECRET.encode(), b'c0rrect-h0rse', b'Basic ' + base64.b64encode(b'u:c0rrect-h0rse')]
)
@pytest.mark.parametrize('before', [0, 262_144 - 20, 700_000])
def test_the_value_of_a_config_var_is_found_everywhere(name: str, content: bytes, before: int) -> None:
    assert found({name: b'x' * before + content}) == [
        f'/app/{name}: the value of the config var DATABASE_URL'
    ]


def test_ordinary_values_are_not_looked_for() -> None:
    assert found({'src/a': b'production 5000'}) == []


@pytest.mark.parametrize('name', ['src/.git', 'src/node_modules/x/.git'])
def test_a_git_directory_is_found_once_whatever_is_in_it(name: str) -> None:
    inside = {f'{name}/config': SECRET.encode(), f'{name}/key': PEM}
    assert found({name: None, **inside}) == [f'/app/{name}: a .git directory, with all of the history']
    assert found(inside) == [f'/app/{name}: a .git directory, with all of the history']


def test_git_files_that_are_no_repository_are_fine() -> None:
    assert found({'src/.gitignore': b'x', 'src/.github/x': b'y', 'src/.gitmodules': b''}) == []


def test_a_path_and_all_below_it_can_be_allowed() -> None:
    files = {'src/.env': b'', 'src/test/keys/a.pem': PEM, 'src/test/keys.pem': PEM, 'src/x/.git': None}
    assert found(files, '/app/src/.env', '/app/src/test/keys', '/app/src/x/.git') == [
        '/app/src/test/keys.pem: a private key'
    ]


def test_a_member_of_a_slug_alone_is_read_like_a_whole_one() -> None:
    alone = gzip.compress(gzip.decompress(packed({'src/.env': b'A=1'}))[: 3 * 512])
    assert [entry.name for entry, _ in GzipSlugReader().entries(io.BytesIO(alone))] == ['app', 'app/src/.env']
    two = alone + packed({'src/b': b'B'})
    assert [entry.name for entry, _ in GzipSlugReader().entries(io.BytesIO(two))][-1] == 'app/src/b'


def test_a_damaged_slug_is_an_error() -> None:
    content = packed({'src/a': bytes(range(256)) * 4000})
    watch = scan_rules(HELLO, CONFIG, [])
    with closing(BuildClock(60)) as clock, pytest.raises(SlugError, match='damaged'):
        find_secrets(io.BytesIO(content[: len(content) // 2]), watch, GzipSlugReader(), clock)


def test_a_stopped_build_stops_the_search() -> None:
    with closing(BuildClock(60)) as clock:
        clock.stop(BuildCancelled('cancelled by ann'))
        with pytest.raises(BuildCancelled):
            find_secrets(io.BytesIO(packed({'a': b''})), scan_rules(HELLO, {}, []), GzipSlugReader(), clock)


def test_a_stopped_build_stops_the_search_in_the_middle_of_a_file() -> None:
    with closing(BuildClock(60)) as clock:

        def pieces() -> Iterator[bytes]:
            yield b'a'
            clock.stop(BuildCancelled('cancelled by ann'))
            yield b'b'
            pytest.fail('read on')

        reader = SimpleNamespace(entries=lambda stream: [(SlugEntry(name='app/a', kind='file'), pieces())])
        with pytest.raises(BuildCancelled):
            find_secrets(io.BytesIO(), scan_rules(HELLO, {}, []), reader, clock)


def test_what_is_allowed_does_not_count_and_enough_is_enough() -> None:
    fine = {f'src/fine/{number:05}/.env': b'' for number in range(MOST)}
    wrong = {f'src/wrong/{number:05}/.env': b'' for number in range(MOST + 1)}
    assert found({**fine, 'src/z/.env': b''}, '/app/src/fine') == [
        '/app/src/z/.env: a file of environment variables'
    ]
    assert len(found({**fine, **wrong}, '/app/src/fine')) == MOST
    findings = [SecretFinding(f'/app/src/{number}', 'x') for number in range(MOST)]
    with pytest.raises(SecretError, match=r'\.\.\. and at least 990 more'):
        refuse_secrets(findings, HELLO)


def test_a_file_full_of_words_that_overlap_costs_no_memory() -> None:
    config = {f'TOKEN_{number}': 'a1' * (4 + number) for number in range(100)}
    content = packed({'src/a': b'a1' * 500_000})
    tracemalloc.start()
    with closing(BuildClock(60)) as clock:
        findings = find_secrets(io.BytesIO(content), scan_rules(HELLO, config, []), GzipSlugReader(), clock)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(findings) == 100
    assert peak < 20_000_000


def test_the_refusal_names_paths_remedies_and_no_secret() -> None:
    findings = [
        SecretFinding(f'/app/src/{n:02}\udcff\x1b[2J', 'the value of the config var A') for n in range(12)
    ]
    with pytest.raises(SecretError) as refused:
        refuse_secrets(findings, HELLO)
    said = str(refused.value)
    assert '/app/src/00\ufffd: the value of the config var A' in said
    assert '... and 2 more' in said
    assert '"allow hello /app/src/00' in said
    assert '\x1b' not in said
    said.encode()
    refuse_secrets([], HELLO)


def test_other_secrets_and_other_allowed_paths_are_other_rules() -> None:
    rules = {
        scan_rules(HELLO, config, allowed).digest
        for config in ({}, CONFIG, {'TOKEN': 'abcdefg1'})
        for allowed in ((), ('/app/src/a',), ('/app/src/a', '/app/src/b'))
    }
    assert len(rules) == 9
    assert scan_rules(HELLO, CONFIG, ('/b', '/a')).digest == scan_rules(HELLO, CONFIG, ('/a', '/b')).digest
