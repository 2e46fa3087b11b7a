"""``gitreceive forget-config`` is asked for twice, and not while a receiver runs."""

from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from gitreceive.cli.forget import forget
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.journal import open_journal
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand, HomeInUse

HELLO = AppName('hello')


def test_config_vars_are_forgotten_only_on_purpose_and_while_nothing_runs(tmp_path: Path) -> None:
    home = Home(tmp_path / 'home')
    with closing(open_journal(home)) as journal:
        journal.apps.change_config(HELLO, {'A': '1'}, ())
    home.config_key.unlink()
    words = ['--home', str(home.root)]
    assert isinstance(CliRunner().invoke(forget, words).exception, BadCommand)
    with home_lock(home):
        assert isinstance(CliRunner().invoke(forget, [*words, '--confirm']).exception, HomeInUse)
    assert not home.config_key.exists()
    done = CliRunner().invoke(forget, [*words, '--confirm'])
    assert done.exit_code == 0, done.output
    with closing(open_journal(home)) as journal:
        assert journal.apps.config(HELLO) == {}
