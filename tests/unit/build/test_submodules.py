"""Submodules are fetched from allowed hosts, or refused by their names; never are they empty directories."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planned, Planner
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import SourceFile, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, pythons=('3.11.2',))
COMMIT = 'a' * 40


class Code(FakeSource):
    """Files, and a submodule."""

    def __init__(self, url: str, path: str = 'lib/one', commit: str = COMMIT, **files: str) -> None:
        modules = f'[submodule "one"]\n\tpath = {path}\n\turl = {url}\n\tupdate = !id\n'
        super().__init__({'Procfile': 'web: x', '.gitmodules': modules, **files})
        self._module = SourceFile(path=path, kind='submodule', commit=commit)

    def files(self) -> Iterator[SourceFile]:
        yield from super().files()
        yield self._module


def planned(source: FakeSource) -> Planned:
    planner = Planner(buildpacks=load_buildpacks(), stack=STACK, submodule_hosts=['example.com'])
    return planner.plan(source, {})


def refusal(source: FakeSource) -> str:
    with pytest.raises(DetectError) as error:
        planned(source)
    return str(error.value)


def test_a_stage_fetches_it_and_its_files_follow_the_code() -> None:
    text = planned(Code('https://example.com/one.git')).recipe.dockerfile
    assert text.startswith('FROM build AS modules\nUSER app\nRUN --mount=type=bind,source=buildpack,')
    assert f'"/tmp/buildpack/fetch-submodule", "lib/one", "https://example.com/one.git", "{COMMIT}"]' in text
    code = 'COPY --chown=app:app ["src", "/app/src"]\n'
    assert code + 'COPY --from=modules --chown=app:app ["/tmp/modules", "/app/src"]\n' in text


def test_assets_are_built_with_it_too() -> None:
    files = {'package.json': '{"scripts": {"build": "x"}}', 'requirements.txt': ''}
    text = planned(Code('https://example.com/one.git', **files)).recipe.dockerfile
    stages = [line.rpartition(' ')[2] for line in text.splitlines() if line.startswith('FROM')]
    assert stages == ['modules', 'assets', 'build']
    assert text.count('COPY --from=modules') == 1


@pytest.mark.parametrize(
    ('source', 'said'),
    [
        (Code('../other.git'), 'lib/one is a submodule of ../other.git, which is no https URL'),
        (Code('git@example.com:x.git'), 'which is no https URL'),
        (Code('ext::sh -c id'), 'which is no https URL'),
        (
            Code('https://evil.org/x'),
            'the submodule lib/one is https://evil.org/x, and this receiver fetches from',
        ),
        (Code('https://t@example.com/x'), 'would stay in layers'),
        (Code('https://example.com/x', path='a b'), 'a b is a submodule that cannot be fetched'),
        (Code('https://example.com/x', commit=''), 'lib/one is a submodule that cannot be fetched'),
        (Code('https://example.com/x', Dockerfile='FROM a\nCMD x'), 'not in the context of a Dockerfile'),
        (
            Code('https://example.com/x', Dockerfile='FROM a\nCOPY ["src", "/app/src"]\nCMD x'),
            'not in the context of a Dockerfile',
        ),
    ],
)
def test_one_that_is_not_fetched_is_named(source: Code, said: str) -> None:
    assert said in refusal(source)


def test_without_allowed_hosts_none_is_fetched() -> None:
    planner = Planner(buildpacks=load_buildpacks(), stack=STACK)
    with pytest.raises(DetectError, match=r'fetches from nowhere: .* \(setting builds.submodule_hosts\)'):
        planner.plan(Code('https://example.com/x'), {})


def test_one_that_gitmodules_does_not_describe_is_named() -> None:
    source = Code('https://example.com/x')
    source._module = SourceFile(path='other', kind='submodule', commit=COMMIT)
    assert 'other is a submodule of nowhere' in refusal(source)


def test_gitmodules_includes_no_file_of_the_host(tmp_path: Path) -> None:
    secret = tmp_path / 'secret'
    secret.write_text('[submodule "one"]\n\tpath = lib/one\n\turl = https://example.com/of-the-host\n')
    modules = f'[include]\n\tpath = {secret}\n'
    assert 'lib/one is a submodule of nowhere' in refusal(Code('', **{'.gitmodules': modules}))
    secret.write_text('root:of-the-host\n')
    assert 'of-the-host' not in refusal(Code('', **{'.gitmodules': modules}))
