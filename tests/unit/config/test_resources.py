"""The files that come with the program are found."""

import pytest

from gitreceive.config import resources
from gitreceive.model.errors import StateError
from tests.shipped import ROOT


def test_a_checkout_uses_its_own_files() -> None:
    assert resources.directory('stacks') == ROOT / 'stacks'


def test_what_is_not_there_is_an_error_that_names_the_place() -> None:
    with pytest.raises(StateError, match=r'no nothing/ in .*nothing; install again'):
        resources.directory('nothing')
