import os
import subprocess

import pytest

from gitreceive.model.errors import StateError
from gitreceive.sshd.hostkey import load_host_key, load_host_keys


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'sshd' / 'key'


def refusal(path) -> str:
    with pytest.raises(StateError) as refused:
        load_host_key(path)
    return str(refused.value)


def test_a_key_is_made_once_for_its_owner_only(path):
    first = load_host_key(path)
    assert oct(path.stat().st_mode)[-3:] == '600'
    assert oct(path.parent.stat().st_mode)[-3:] == '700'
    assert load_host_key(path).asbytes() == first.asbytes()
    said = subprocess.run(['ssh-keygen', '-y', '-f', path], check=True, capture_output=True, text=True).stdout
    assert said.split()[:2] == (path.parent / 'key.pub').read_text().split()[:2]


def test_a_key_that_openssh_made_is_used(path):
    path.parent.mkdir()
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path], check=True)
    assert load_host_key(path).get_name() == 'ssh-ed25519'


@pytest.mark.parametrize('mode', [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_can_touch_is_refused(path, mode):
    load_host_key(path)
    path.chmod(mode)
    assert 'chmod 600' in refusal(path)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give files away')
def test_a_key_of_another_user_is_refused(path):
    load_host_key(path)
    os.chown(path, 12345, 12345)
    assert 'belongs to user 12345' in refusal(path)


def test_a_key_that_is_gone_is_not_replaced(path):
    load_host_key(path)
    path.unlink()
    assert 'restore the key' in refusal(path)
    assert not path.exists()


def test_a_broken_or_foreign_key_is_refused_and_kept(path):
    load_host_key(path)
    path.write_text('broken')
    assert 'restore it from a backup' in refusal(path)
    assert path.read_text() == 'broken'


@pytest.mark.parametrize(
    'words', [('-t', 'rsa', '-N', ''), ('-t', 'ecdsa', '-N', ''), ('-t', 'ed25519', '-N', 'secret')]
)
def test_other_types_and_passphrases_are_refused(path, words):
    path.parent.mkdir()
    subprocess.run(['ssh-keygen', '-q', *words, '-f', path], check=True)
    assert 'host key' in refusal(path)


def test_a_link_is_refused(path, tmp_path):
    load_host_key(path)
    path.rename(tmp_path / 'elsewhere')
    path.symlink_to(tmp_path / 'elsewhere')
    assert 'cannot use the host key' in refusal(path)


def test_nothing_is_left_beside_the_key(path):
    load_host_key(path)
    assert sorted(os.listdir(path.parent)) == ['key', 'key.pub']


def test_each_algorithm_has_its_key_made_once(tmp_path):
    path = tmp_path / 'sshd' / 'ssh_host_ed25519_key'
    wanted = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256']
    first = load_host_keys(path, wanted)
    assert [key.get_name() for key in first] == ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa']
    assert [key.asbytes() for key in load_host_keys(path, wanted)] == [key.asbytes() for key in first]
    names = [f'ssh_host_{kind}_key' for kind in ('ecdsa', 'ed25519', 'rsa')]
    assert sorted(os.listdir(path.parent)) == sorted([*names, *(f'{name}.pub' for name in names)])
    for name in names:
        subprocess.run(['ssh-keygen', '-y', '-f', path.parent / name], check=True, capture_output=True)


def test_default_needs_no_other_key(tmp_path):
    path = tmp_path / 'sshd' / 'ssh_host_ed25519_key'
    assert len(load_host_keys(path, ['ssh-ed25519'])) == 1
    assert sorted(os.listdir(path.parent)) == ['ssh_host_ed25519_key', 'ssh_host_ed25519_key.pub']
