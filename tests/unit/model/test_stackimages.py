"""Who lacks an image of a stack is told the command that makes it."""

import pytest

from gitreceive.model.stackimages import making


@pytest.mark.parametrize(
    ('image', 'command'),
    [
        ('gitreceive/cedar:12', 'gitreceive stack build --stack cedar-12'),
        ('gitreceive/cedar:13-build', 'gitreceive stack build --stack cedar-13'),
        ('gitreceive/cedar:13-build-rust', 'gitreceive stack build --stack cedar-13 --with rust'),
        ('mine/base:1', 'gitreceive stack build'),
        ('mine/base:1-build', 'gitreceive stack build'),
        ('mine/base:1-rust', 'gitreceive stack build --with rust'),
        ('mine/base:1-build-php', 'gitreceive stack build --with php'),
        ('whatever', 'gitreceive stack build'),
    ],
)
def test_the_command_is_that_of_the_image(image: str, command: str) -> None:
    assert making(image) == command
