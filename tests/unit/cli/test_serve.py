"""What the two processes are given."""

import os
from pathlib import Path

import pytest

from gitreceive.cli.serve import check_that_it_runs, sshd_environment
from gitreceive.config.load import load_settings
from gitreceive.model.errors import SettingsError


def test_the_ssh_server_gets_its_settings_and_nothing_that_may_be_a_secret() -> None:
    environ = {
        'PATH': '/usr/bin',
        'LC_ALL': 'C.UTF-8',
        'AWS_SECRET_ACCESS_KEY': 'canary',
        'SLUGS_TOKEN': 'canary',
        'DOCKER_HOST': 'tcp://canary',
        'GITRECEIVE_STORAGE_URL': 's3://canary',
        'GITRECEIVE_STORAGE_SECRETS': '/etc/canary',
        'GITRECEIVE_SSH_LISTEN': '0.0.0.0:22',
    }
    settings = load_settings(config=Path('/dev/null'), environ=environ)
    found = sshd_environment(environ, settings)
    assert found['PATH'] == '/usr/bin' and found['LC_ALL'] == 'C.UTF-8'
    assert found['GITRECEIVE_SSH_LISTEN'] == '0.0.0.0:22'
    assert 'canary' not in str(found)


def test_whether_the_ssh_server_can_run_is_tried_with_its_own_environment() -> None:
    check_that_it_runs('git', dict(os.environ), {})
    with pytest.raises(SettingsError, match='this user cannot run the receiver'):
        check_that_it_runs('git', {**os.environ, 'PYTHONHOME': '/nowhere'}, {})
