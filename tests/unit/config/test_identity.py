"""A receiver's identity is made once, cannot be guessed, and is read by its owner alone."""

from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.model.errors import StateError


def test_it_is_made_once_and_another_one_for_each_home(tmp_path: Path) -> None:
    one, other = Home(tmp_path / 'one'), Home(tmp_path / 'other')
    made = receiver_identity(one)
    assert len(made) == 32 and made != receiver_identity(other)
    assert receiver_identity(one) == made
    assert one.identity.stat().st_mode & 0o777 == 0o600


def test_what_a_full_disk_has_left_of_it_is_made_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.identity.parent.mkdir(parents=True)
    home.identity.write_text('')
    assert len(receiver_identity(home)) == 32


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / 'daemon').write_text('a file')
    with pytest.raises(StateError, match='daemon/identity'):
        receiver_identity(home)
