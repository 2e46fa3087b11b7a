"""``gitreceive gc`` packs the repositories."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gitreceive.cli.tidy import gc
from gitreceive.cli.tidy import verify as verify_command
from gitreceive.model.errors import SlugError, UnknownApp
from tests.chunk_cache import ChunkCache
from tests.packing import packed_file
from tests.unit.repositories.served import Served


def test_gc_packs_every_repository_and_says_what_that_freed(tmp_path: Path) -> None:
    repos = tmp_path / 'home' / 'repos'
    repos.mkdir(parents=True)
    served = Served(tmp_path)
    for number in range(5):
        served.change('file', b'%d' % number)
        served.push('main')
    served.bare.rename(repos / 'app.git')
    (repos / 'broken.git').mkdir()
    run = CliRunner()
    done = run.invoke(gc, ['--dry-run', '--json', '--home', str(repos.parent)])
    assert json.loads(done.stdout) == []
    done = run.invoke(gc, ['--home', str(repos.parent)])
    assert done.exit_code == 0, done.output
    assert 'freed in 1 repositories' in done.stdout
    assert 'git gc of ' in done.stderr
    assert len(list((repos / 'app.git' / 'objects' / 'pack').glob('*.pack'))) == 1


def verify(kept: ChunkCache, *words: str) -> Result:
    return CliRunner().invoke(verify_command, [*words, '--home', str(kept.home.root)], standalone_mode=False)


def test_all_that_is_in_storage_is_verified_or_named_with_what_is_wrong(kept: ChunkCache) -> None:
    release = kept.release({'src/app': b'one'})
    kept.documents.complete(release)
    assert verify(kept).output == 'all objects verified\n'
    assert json.loads(verify(kept, 'hello', '--json').output) == []
    path = kept.path(f'hello/{release.slug.sha256}.tgz')
    path.write_bytes(path.read_bytes()[:-1])
    done = verify(kept, 'hello')
    assert done.exit_code == SlugError.exit_code
    assert f'hello/{release.slug.sha256}.tgz (needed by hello v1)' in done.output
    (finding,) = json.loads(verify(kept, '--json').output)
    assert finding['object'] == f'hello/{release.slug.sha256}.tgz'


def test_a_slug_that_is_a_file_is_verified_alone(kept: ChunkCache, tmp_path: Path) -> None:
    sha256 = packed_file(tmp_path / 'slug.tgz', {'src/app': b'one'})
    done = verify(kept, str(tmp_path / 'slug.tgz'))
    assert f'sha256   {sha256}' in done.output and 'files    1, 3 bytes unpacked' in done.output
    assert json.loads(verify(kept, str(tmp_path / 'slug.tgz'), '--json').output)['sha256'] == sha256


@pytest.mark.parametrize(('name', 'error'), [('none.tgz', SlugError), ('other', UnknownApp)])
def test_what_is_not_there_is_told(kept: ChunkCache, name: str, error: type[Exception]) -> None:
    assert isinstance(verify(kept, name).exception, error)


def test_gc_names_what_no_release_needs_and_removes_it(kept: ChunkCache) -> None:
    for number in range(3):
        kept.release({'src/app': b'%d' * (number + 1)})
    kept.path(f'hello/{"0" * 64}.tgz').write_bytes(bytes(1000))
    run = CliRunner()
    planned = run.invoke(gc, ['--dry-run', '--home', str(kept.home.root)])
    assert f'hello/{"0" * 64}.tgz' in planned.output and '1 objects would be removed' in planned.output
    assert '1 objects removed' in run.invoke(gc, ['--home', str(kept.home.root)]).output
    assert json.loads(run.invoke(gc, ['--json', '--home', str(kept.home.root)]).stdout) == []
