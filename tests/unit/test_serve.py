"""What the two processes are given."""

from pathlib import Path

from gitreceive.cli.serve import door_environment
from gitreceive.settings import load_settings


def test_the_door_gets_its_settings_and_nothing_that_may_be_a_secret() -> None:
    environ = {
        'PATH': '/usr/bin',
        'LC_ALL': 'C.UTF-8',
        'AWS_SECRET_ACCESS_KEY': 'canary',
        'SLUGS_TOKEN': 'canary',
        'DOCKER_HOST': 'tcp://canary',
        'GITRECEIVE_STORAGE': 's3://canary',
        'GITRECEIVE_STORAGE_SECRETS': '/etc/canary',
        'GITRECEIVE_LISTEN': '0.0.0.0:22',
    }
    settings = load_settings(config=Path('/dev/null'), environ=environ)
    found = door_environment(environ, settings)
    assert found['PATH'] == '/usr/bin' and found['LC_ALL'] == 'C.UTF-8'
    assert found['GITRECEIVE_LISTEN'] == '0.0.0.0:22'
    assert 'canary' not in str(found)


def test_several_storages_are_a_list_or_one_line(tmp_path: Path) -> None:
    file = tmp_path / 'settings.toml'
    file.write_text('storage = ["file:///srv/slugs", "s3://bucket"]')
    assert load_settings(config=file, environ={}).storage_url == 'file:///srv/slugs s3://bucket'
