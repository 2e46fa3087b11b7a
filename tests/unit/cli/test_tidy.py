"""``gitreceive gc`` packs the repositories."""

import json
from pathlib import Path

from click.testing import CliRunner

from gitreceive.cli.tidy import gc
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
