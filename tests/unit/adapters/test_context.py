"""The build context is one tar stream that any reader takes."""

import io
import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.adapters.buildkit.builder import cache_namespace, refuse_other_frontends
from gitreceive.adapters.buildkit.context import context, own_members
from gitreceive.adapters.buildkit.request import parameters
from gitreceive.adapters.buildkit.versions import parse_versions
from gitreceive.build.ports import BuildJob
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, RecipeError, SourceError
from gitreceive.model.plan import ContextFile, Recipe
from tests.fakes import FakeSource

NAMES = st.from_regex(r'[A-Za-z_][A-Za-z0-9_]{0,120}', fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=('Cs',)), max_size=600)


def members(raw: bytes) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        files = {member.name: (member, tar.extractfile(member)) for member in tar}
        return {name: (member, file.read() if file else b'') for name, (member, file) in files.items()}


def job(**words: object) -> BuildJob:
    recipe = Recipe(
        dockerfile='FROM x\n',
        install_env=frozenset({'B', 'gone'}),
        files=(
            ContextFile(name='buildpack/lib/a', content=b'a' * 513, executable=True),
            ContextFile(name='meta/SOURCE_VERSION', content=b'1' * 40),
        ),
    )
    source = FakeSource({'file': b'content'})
    return BuildJob(**{'app': AppName('hello'), 'number': 1, 'recipe': recipe, 'source': source} | words)  # type: ignore[arg-type]


def test_the_context_holds_the_dockerfile_our_files_the_config_vars_and_the_code() -> None:
    found = members(b''.join(context(job(env={'A': 'ä', 'B': ''}), lambda: None)))
    contents = {name: content for name, (member, content) in found.items() if member.isreg()}
    assert contents == {
        'Dockerfile': b'FROM x\n',
        'buildpack/lib/a': b'a' * 513,
        'meta/SOURCE_VERSION': b'1' * 40,
        'env/A': 'ä'.encode(),
        'env/B': b'',
        'install-env/B': b'',
        'src/file': b'content',
    }
    assert found['buildpack/lib/a'][0].mode == 0o755
    assert found['env/A'][0].mode == 0o644


def test_the_directories_that_steps_mount_are_there_even_if_empty() -> None:
    found = members(b''.join(context(job(recipe=Recipe(dockerfile='FROM x\n')), lambda: None)))
    assert [name for name, (member, _) in found.items() if member.isdir()] == [
        'buildpack',
        'env',
        'install-env',
        'meta',
    ]


def test_our_own_members_are_the_same_bytes_every_time() -> None:
    found = members(b''.join(own_members(Recipe(dockerfile='FROM x'), {'A': 'b'})) + bytes(1024))
    assert {member.mtime for member, _ in found.values()} == {0}
    assert {(member.uid, member.gid) for member, _ in found.values()} == {(0, 0)}


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_every_config_var_arrives_byte_for_byte(env: dict[str, str]) -> None:
    found = members(b''.join(own_members(Recipe(dockerfile='FROM x'), env)) + bytes(1024))
    arrived = {
        name.removeprefix('env/'): content for name, (_, content) in found.items() if name.startswith('env/')
    }
    assert arrived == {name: value.encode() for name, value in env.items()}


def test_a_cancelled_build_sends_no_more() -> None:
    clock = BuildClock(60)
    sending = context(job(), clock.check)
    next(sending)
    clock.stop(BuildCancelled('enough'))
    with pytest.raises(BuildCancelled):
        next(sending)
    clock.close()


def test_an_archive_that_cannot_be_read_is_an_error_of_the_source(tmp_path: Path) -> None:
    class Broken(FakeSource):
        def archive(self, prefix: str):  # type: ignore[no-untyped-def]
            return (tmp_path / 'nothing').open('rb')

    with pytest.raises(SourceError):
        list(context(job(source=Broken({})), lambda: None))


@pytest.mark.parametrize(
    'first', ['# syntax=evil/image\n', '#SYNTAX = evil\n', '# a comment\n// syntax=evil\n']
)
def test_a_dockerfile_cannot_choose_another_frontend(first: str) -> None:
    with pytest.raises(RecipeError, match='syntax'):
        refuse_other_frontends(first + 'FROM x\n')


def test_a_comment_that_speaks_of_syntax_later_is_a_comment() -> None:
    refuse_other_frontends('# a title\nFROM x\n# syntax=whatever\n')


def test_the_cache_mounts_of_an_app_are_its_own() -> None:
    query = parameters('id', 'tag', {'gitreceive.build': '7'}, 'hello', nocache=True)
    assert query['buildargs'] == '{"BUILDKIT_CACHE_MOUNT_NS": "hello"}'
    assert (query['nocache'], query['labels']) == ('1', '{"gitreceive.build": "7"}')


def test_versions_are_read_from_lines_of_a_name_and_a_version() -> None:
    text = 'node 22.11.0\nnpm 10.9.0\n\nnot a version line\n\x1b[31mred 1\n' + 'x' * 100 + ' 1\n'
    assert dict(parse_versions(text)) == {'node': '22.11.0', 'npm': '10.9.0'}


def test_caches_are_those_of_one_app_of_one_receiver() -> None:
    hello, other = AppName('hello'), AppName('other')
    names = {cache_namespace(identity, app) for identity in ('a', 'b') for app in (hello, other)}
    assert len(names) == 4
    assert cache_namespace('a', hello) in names
    assert all(re.fullmatch('[0-9a-f]{40}', name) for name in names), 'no name of an app stands in it'
