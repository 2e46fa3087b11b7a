"""The bill of materials and the provenance of a slug: valid, complete, and the same bytes each time."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import IO

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement_pb2 import Statement

from gitreceive.model.errors import StateError
from gitreceive.model.release import Release
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.parts import Part, parts
from gitreceive.slugs.provenance import PREDICATE
from gitreceive.slugs.sbom import bill_of_materials
from gitreceive.slugs.software.descriptions import LIMIT
from tests.chunk_cache import HELLO, READER, ChunkCache, member
from tests.packing import Files, packed, sha256

PYTHON = 'heroku/python/lib/python3.11/site-packages'
NPM = 'src/node_modules'
FILES: Files = {
    f'{NPM}/left-pad/package.json': b'{"name": "left-pad", "version": "1.3.0", "license": "WTFPL"}',
    f'{NPM}/@scope/x/package.json': b'{"name": "@scope/x", "version": "2.0.0-rc.1"}',
    f'{NPM}/a/node_modules/left-pad/package.json': b'{"name": "left-pad", "version": "1.2.0"}',
    f'{NPM}/b/node_modules/left-pad/package.json': b'{"name": "left-pad", "version": "1.2.0"}',
    f'{PYTHON}/Flask_Cors-4.0.dist-info/METADATA': b'Metadata-Version: 2.4\nName: Flask_Cors\nVersion: 4.0\n'
    b'License-Expression: MIT OR Apache-2.0\n\nText.\n',
    'src/package.json': b'{"name": "hello", "version": "0.1.0"}',
    f'{NPM}/left-pad/test/package.json': b'{"name": "no", "version": "1"}',
}
HOSTILE: Files = {
    f'{NPM}/deep/package.json': b'[' * 100_000,
    f'{NPM}/list/package.json': b'[]',
    'src/deep-1.dist-info/METADATA': b''.join(
        b'Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n' % (level, level) for level in range(2000)
    ),
    f'{NPM}/empty/package.json': b'',
    f'{NPM}/types/package.json': b'{"name": 1, "version": ["x"]}',
    f'{NPM}/long/package.json': b'{"name": "' + b'x' * 300 + b'", "version": "1"}',
    f'{NPM}/escape/package.json': b'{"name": "\\u001b[2J", "version": "1"}',
    f'{NPM}/half/package.json': b'{"name": "\\ud800", "version": "1"}',
    f'{NPM}/bytes/package.json': bytes(range(256)),
    f'{NPM}/large/package.json': b' ' * (LIMIT + 1),
    f'{NPM}/strange/package.json': b'{"name": "a?b#c@d", "version": "1 2%3"}',
    f'{NPM}/licence/package.json': b'{"name": "l", "version": "1", "license": {"type": "MIT"}}',
    f'{NPM}/wrong/package.json': b'{"name": "w", "version": "1", "license": "MIT OR ((("}',
    f'{PYTHON}/x.dist-info/METADATA': b'\xff\x00Name: x',
    f'{PYTHON}/y.dist-info/METADATA': b'Name: a\nName: b\nVersion: 1\n',
    f'{PYTHON}/z.dist-info/METADATA': b'Name: \xff\nVersion: 1\n',
    f'{NPM}/blank/package.json': b'{"name": " ", "version": " "}',
    f'{NPM}/slash/package.json': b'{"name": "//", "version": "1"}',
    'src/specifications/x.gemspec': b'# stub: ?#@/ \xff\xfe \x1b[2J lib\n',
    'src/META-INF/maven/a/b/pom.properties': b'groupId=//\nartifactId=%2F\nversion=\x00\n',
    'src/lib/bad-1.jar': b'PK\x05\x06' + bytes(18),
    'heroku/debian-packages': b'd/ 1? a 1 & =\n' + b'x ' * 300,
}


def documents(kept: ChunkCache) -> tuple[dict[str, object], dict[str, object]]:
    """Those of the newest release, written anew."""
    release = kept.journal.releases.of(HELLO)[0]
    kept.documents.complete(release)
    sbom, provenance = (
        json.loads(kept.path(f'hello/{release.slug.sha256}.{kind}.json').read_bytes())
        for kind in ('sbom', 'provenance')
    )
    return sbom, provenance


def components(sbom: dict[str, object]) -> list[str]:
    found = sbom['components']
    assert isinstance(found, list)
    return sorted(component['purl'] for component in found)


def test_the_bill_lists_tools_npm_packages_and_python_distributions_once(kept: ChunkCache) -> None:
    kept.release(FILES)
    sbom, _ = documents(kept)
    assert components(sbom) == [
        'pkg:generic/node@22.1.0',
        'pkg:npm/%40scope/x@2.0.0-rc.1',
        'pkg:npm/left-pad@1.2.0',
        'pkg:npm/left-pad@1.3.0',
        'pkg:pypi/flask-cors@4.0',
    ]


@pytest.mark.parametrize('files', [{}, FILES, HOSTILE, {**FILES, **HOSTILE}])
def test_the_bill_is_valid_whatever_packages_say_of_themselves(kept: ChunkCache, files: Files) -> None:
    kept.release(files)
    sbom, _ = documents(kept)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(sbom)) is None
    assert 'pkg:generic/node@22.1.0' in components(sbom)


def test_a_runtime_has_the_name_that_advisories_use(kept: ChunkCache) -> None:
    kept.release({})
    sbom, _ = documents(kept)
    (node,) = sbom['components']  # type: ignore[misc]
    assert node['cpe'] == 'cpe:2.3:a:nodejs:node.js:22.1.0:*:*:*:*:*:*:*'


def test_a_tool_that_an_app_has_generate_config_breaks_no_bill(kept: ChunkCache) -> None:
    release = replace(kept.release({}), versions={'/': '1', 'node': '1:*', 'go': '', 'java': '21.0.1+12'})
    bill = json.loads(bill_of_materials(release, _parts(kept, release), Inventory(READER)))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert [each.get('cpe') for each in bill['components']] == [None, None, None]


def test_a_bill_that_is_not_whole_says_so(kept: ChunkCache, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.release(FILES)
    sbom, _ = documents(kept)
    assert 'properties' not in sbom['metadata']  # type: ignore[operator]
    monkeypatch.setattr('gitreceive.slugs.inventory.UNPACKED', 150)
    release = kept.release({**FILES, 'a': b''})
    cut = json.loads(bill_of_materials(release, _parts(kept, release), Inventory(READER)))
    assert cut['metadata']['properties'][0]['name'] == 'gitreceive:incomplete'
    assert 0 < len(cut['components']) < len(sbom['components'])  # type: ignore[arg-type]


def test_the_same_slug_has_the_same_bill_in_one_piece_and_in_members(kept: ChunkCache) -> None:
    kept.release(FILES)
    whole, _ = documents(kept)
    half = dict(list(FILES.items())[:3]), dict(list(FILES.items())[3:])
    kept.layered(member(half[0]), packed(half[1]))
    layered, _ = documents(kept)
    assert components(whole) == components(layered)
    assert whole['metadata']['timestamp'] == '2023-11-14T22:13:20+00:00'  # type: ignore[index]


def test_documents_come_out_the_same_when_they_are_made_again(kept: ChunkCache) -> None:
    release = kept.release(FILES)
    kept.documents.complete(release)
    paths = [kept.path(f'hello/{release.slug.sha256}.{kind}.json') for kind in ('sbom', 'provenance')]
    before = [path.read_bytes() for path in paths]
    kept.journal.slugs.forget(HELLO, [])
    for path in paths:
        path.unlink()
    kept.documents.complete(release)
    assert [path.read_bytes() for path in paths] == before


def test_the_provenance_is_a_statement_about_the_slug_with_what_it_was_made_of(kept: ChunkCache) -> None:
    release = kept.release(FILES)
    _, said = documents(kept)
    ParseDict(said, Statement())
    assert said['predicateType'] == PREDICATE
    assert said['subject'] == [
        {'name': f'hello/{release.slug.sha256}.tgz', 'digest': {'sha256': release.slug.sha256}}
    ]
    predicate = said['predicate']
    assert isinstance(predicate, dict)
    ParseDict(predicate, Provenance())
    definition = predicate['buildDefinition']
    assert definition['externalParameters'] == {
        'app': 'hello',
        'ref': 'refs/heads/main',
        'commit': release.commit,
        'options': ['nocache'],
        'config': ['A', 'SECRET_KEY'],
    }
    assert 'word' not in json.dumps(said)
    assert definition['internalParameters']['versions'] == {'node': '22.1.0'}
    assert definition['resolvedDependencies'] == [
        {'name': 'source', 'digest': {'gitCommit': release.commit}},
        {'name': 'Dockerfile', 'digest': {'sha256': 'a' * 64}},
        {'name': 'debian:12', 'digest': {'sha256': 'b' * 64}},
    ]
    assert predicate['runDetails']['builder'] == {
        'id': 'urn:gitreceive:builder:localhost',
        'version': {'gitreceive': '0.1.0'},
    }
    assert predicate['runDetails']['metadata']['invocationId'] == f'build-{release.operation}'
    assert predicate['runDetails']['metadata']['finishedOn'] == '2023-11-14T22:15:00.250Z'


def test_what_a_crash_left_out_is_known_and_made_later(kept: ChunkCache) -> None:
    first, second = kept.release({'a': b'1'}), kept.release({'a': b'2'})
    assert kept.undocumented() == [first, second]
    kept.documents.complete(first)
    assert kept.undocumented() == [second]
    kept.journal.slugs.forget(HELLO, [first.slug.sha256])
    assert kept.undocumented() == [second]


def test_releases_that_share_a_slug_have_one_provenance_of_the_first(kept: ChunkCache) -> None:
    first = kept.release({'a': b'1'})
    kept.release({'a': b'1'})
    assert kept.undocumented() == [first]


def test_a_release_without_its_build_is_an_error(kept: ChunkCache) -> None:
    release = kept.release({})
    kept.journal._database._db.execute('DELETE FROM operations')
    with pytest.raises(StateError, match='no operation 1'):
        kept.documents.complete(release)


def test_a_member_that_slugs_share_is_read_once(kept: ChunkCache) -> None:
    shared = member(FILES)
    inventory = Inventory(READER)
    replace(kept.documents, inventory=inventory).complete(kept.layered(shared, packed({'src/a': b'1'})))
    kept.path(f'hello/members/{sha256(shared)}.gz').unlink()
    release = kept.layered(packed({'src/a': b'2'}))
    bill = json.loads(bill_of_materials(release, [_gone(shared), *_parts(kept, release)], inventory))
    assert 'pkg:npm/left-pad@1.3.0' in components(bill)


def _gone(content: bytes) -> Part:
    def unreadable() -> AbstractContextManager[IO[bytes]]:
        raise AssertionError

    return Part(sha256=sha256(content), size=len(content), open=unreadable)


def _parts(kept: ChunkCache, release: Release) -> Sequence[Part]:
    return parts(kept.storage, HELLO, release.slug.sha256)
