"""Settings: where they come from, and what is refused."""

import os
from pathlib import Path

import pytest

from gitreceive.config import settings
from gitreceive.config.settings import load_settings
from gitreceive.model.errors import SettingsError


@pytest.mark.parametrize('key', ['python_mirror', 'gradle_distribution'])
def test_where_builds_fetch_tools_from_is_a_url_and_nothing_else(tmp_path: Path, key: str) -> None:
    config = tmp_path / 'gitreceive.toml'
    config.write_text(f'{key} = "https://mirror.example/tools"')
    assert getattr(load_settings(config=config, environ={}), key) == 'https://mirror.example/tools'
    for url in ('ftp://mirror.example', '/srv/pythons', 'https://mirror.example/$(id)', 'https://a b'):
        with pytest.raises(SettingsError, match=f'{key} = .*: a URL of http or https is expected'):
            load_settings(config=config, environ={f'GITRECEIVE_{key.upper()}': url})


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_a_settings_file_that_may_not_be_read_is_told_and_not_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'etc').mkdir(mode=0o700)
    file = tmp_path / 'etc' / 'gitreceive.toml'
    file.write_text('builds = 3')
    monkeypatch.setattr(settings, 'SYSTEM_CONFIG', file)
    os.seteuid(65534)
    try:
        with pytest.raises(SettingsError, match=r'cannot read the settings file .*: Permission denied'):
            load_settings(config=None, environ={})
    finally:
        os.seteuid(0)
    assert load_settings(config=None, environ={}).builds == 3
    file.unlink()
    assert load_settings(config=None, environ={}).builds == 2
