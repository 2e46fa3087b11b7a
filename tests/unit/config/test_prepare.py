"""The home's directories: modes, and owners that follow the setting ssh.user."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.prepare import prepare_home
from gitreceive.config.settings import Settings, SshSettings
from gitreceive.model.errors import SettingsError, StateError

NOBODY = 65534
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:  # the directories above tmp_path are one user's alone
        os.chmod(folder, 0o755)
        yield Home(Path(folder) / 'home')


def settings(home: Home, user: str = '') -> Settings:
    return Settings(home=home.root, ssh=SshSettings(user=user))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owners(home: Home) -> dict[str, int]:
    return {str(path.relative_to(home.root)): path.lstat().st_uid for path in home.root.rglob('*')}


def filled(home: Home) -> None:
    (home.repos / 'hello.git' / 'refs').mkdir(parents=True)
    (home.repos / 'hello.git' / 'HEAD').write_text('ref: refs/heads/main')
    (home.repos / 'hello.git' / 'link').symlink_to('/etc/passwd')
    home.host_key.write_text('key')


def test_every_directory_has_its_mode_however_it_was_before(home: Home) -> None:
    home.root.mkdir()
    home.daemon.mkdir(mode=0o755)
    prepare_home(settings(home))
    assert [mode(path) for path in (home.sshd, home.repos, home.daemon)] == [0o700] * 3
    assert mode(home.run) == 0o711


@ROOT
@pytest.mark.parametrize(
    ('first', 'then'), [('nobody', ''), ('', 'nobody'), ('nobody', 'daemon'), (str(NOBODY), '')]
)
def test_what_the_ssh_server_owns_follows_its_user(home: Home, first: str, then: str) -> None:
    prepare_home(settings(home, first))
    filled(home)
    uid = home.repos.stat().st_uid
    for path in (*home.repos.rglob('*'), home.host_key):
        os.chown(path, uid, uid, follow_symlinks=False)
    prepare_home(settings(home, then))
    wanted = {'nobody': NOBODY, '': 0, 'daemon': 1}[then]
    found = owners(home)
    assert {uid for name, uid in found.items() if name.startswith(('sshd', 'repos'))} == {wanted}
    assert found['daemon'] == found['run'] == 0
    assert Path('/etc/passwd').stat().st_uid == 0


@ROOT
def test_files_of_other_users_are_left_alone(home: Home) -> None:
    prepare_home(settings(home, 'nobody'))
    filled(home)  # by root: somebody may have linked a file of root's there
    prepare_home(settings(home, 'daemon'))
    found = owners(home)
    assert found['repos'] == found['sshd'] == 1
    assert found['repos/hello.git/HEAD'] == 0


@ROOT
def test_an_interrupted_change_of_owners_is_begun_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_home(settings(home, 'nobody'))
    filled(home)
    for path in (*home.repos.rglob('*'), home.host_key):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    real, count = os.chown, [0]

    def failing(*words: object, **named: object) -> None:
        count[0] += 1
        if count[0] > 2:
            raise OSError(5, 'Input/output error', 'x')
        real(*words, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, 'chown', failing)
        with pytest.raises(StateError, match='cannot prepare x: Input/output error'):
            prepare_home(settings(home))
    prepare_home(settings(home))
    assert set(owners(home).values()) == {0}


@ROOT
def test_who_is_not_root_is_told_the_command(home: Home) -> None:
    prepare_home(settings(home, 'daemon'))
    os.chown(home.root, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        with pytest.raises(StateError) as caught:
            prepare_home(settings(home))
    finally:
        os.seteuid(0)
    group = os.getegid()
    assert f'{home.sshd} belongs to user 1, and the SSH server runs as user {NOBODY}' in str(caught.value)
    assert f'run "chown -R {NOBODY}:{group} {home.sshd}"' in str(caught.value)


@pytest.mark.parametrize('user', ['no-such-user', '4294967295', '9' * 30])
def test_a_user_that_is_not_there_is_refused(home: Home, user: str) -> None:
    with pytest.raises(SettingsError, match=f"ssh.user = '{user}': this host has no such user"):
        prepare_home(settings(home, user))
    assert not home.root.exists()
