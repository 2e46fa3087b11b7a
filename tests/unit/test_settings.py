"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from gitreceive.errors import SettingsError
from gitreceive.settings import load_settings


def test_a_mirror_of_pythons_is_a_url_and_nothing_else(tmp_path: Path) -> None:
    config = tmp_path / 'gitreceive.toml'
    config.write_text('python_mirror = "https://mirror.example/pythons"')
    assert load_settings(config=config, environ={}).python_mirror == 'https://mirror.example/pythons'
    for url in ('ftp://mirror.example', '/srv/pythons', 'https://mirror.example/$(id)', 'https://a b'):
        with pytest.raises(SettingsError, match='a URL of http or https is expected'):
            load_settings(config=config, environ={'GITRECEIVE_PYTHON_MIRROR': url})
