"""``slug show`` and ``slug diff``: what they print for people, and for machines."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gitreceive.cli.main import gitreceive
from gitreceive.model.errors import BadCommand
from tests.chunk_cache import ChunkCache

OLD = {'src': None, 'src/a': b'a' * 10, 'src/same': b's', 'heroku': None, 'heroku/node': b'n' * 1000}
NEW = {'src': None, 'src/a': b'b' * 10, 'src/same': b's', 'src/new\nline': b'x' * 3_000_000}


@pytest.fixture
def kept(kept: ChunkCache) -> ChunkCache:
    """With two releases."""
    kept.release(OLD)
    kept.release(NEW)
    return kept


def slug(kept: ChunkCache, *words: str) -> Result:
    return CliRunner().invoke(gitreceive, ['slug', *words, '--home', str(kept.home.root)])


def test_a_slug_is_shown_by_chunk_directory_and_file_with_its_growth(kept: ChunkCache) -> None:
    shown = slug(kept, 'show', 'hello').output
    assert 'unpacked 3.0 MB in 3 files' in shown
    assert 'Chunks: packed, unpacked, files' in shown
    assert '3.0 MB  /app/src/new\N{REPLACEMENT CHARACTER}line' in shown
    assert 'Since the release before:' in shown and '+3.0 MB' in shown


def test_the_first_release_and_a_file_have_grown_from_nothing(kept: ChunkCache, tmp_path: Path) -> None:
    assert 'Since the release before' not in slug(kept, 'show', 'hello:v1').output
    (file,) = (path for path in kept.objects.rglob('*.tgz') if path.stat().st_size < 1000)
    assert f'{file}: ' in slug(kept, 'show', str(file)).output


def test_a_machine_gets_the_sizes_in_bytes(kept: ChunkCache) -> None:
    told = json.loads(slug(kept, 'show', 'hello:v2', '--json').output)
    assert (told['app'], told['release'], told['files']) == ('hello', 'v2', 3)
    assert told['unpacked'] == 3_000_011
    assert told['largest_files'][0]['size'] == 3_000_000
    assert told['growth']['files'] == 0
    assert json.loads(slug(kept, 'show', 'hello:v1', '--json').output)['growth'] is None


def test_paths_in_which_two_slugs_differ_are_named_with_the_reason(kept: ChunkCache) -> None:
    done = slug(kept, 'diff', 'hello:v1', 'hello:v2')
    assert done.exit_code == 1
    marks = {line.split()[1]: line[0] for line in done.output.splitlines()}
    assert marks['/app/src/a'] == '~'
    assert marks['/app/src/new\N{REPLACEMENT CHARACTER}line'] == '+'
    assert marks['/app/heroku/node'] == '-'
    assert '/app/src/same' not in marks
    told = {
        each['path']: each['what']
        for each in json.loads(slug(kept, 'diff', 'hello:v1', 'hello:v2', '--json').output)
    }
    assert told['/app/src/a'] == 'changed'


def test_a_slug_does_not_differ_from_itself(kept: ChunkCache) -> None:
    done = slug(kept, 'diff', 'hello:v1', 'hello:v1')
    assert (done.exit_code, done.output) == (0, '')


def test_a_process_type_that_the_slug_lacks_is_refused_with_those_that_it_has(kept: ChunkCache) -> None:
    done = slug(kept, 'run', 'hello', 'worker')
    assert isinstance(done.exception, BadCommand)
    assert str(done.exception) == 'the slug has no process type "worker"; its process types: web'
