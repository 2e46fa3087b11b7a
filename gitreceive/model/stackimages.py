"""What the images of stacks are called, and which command makes one that is missing. Pure."""

import re

NAME = re.compile(r'gitreceive/(cedar):(\d+)(?:-build)?(?:-([a-z]+))?')
"""``gitreceive/cedar:13`` runs apps of the stack ``cedar-13``, ``-build`` makes them, ``-build-rust`` is an addition."""


def making(image: str) -> str:
    """The command that makes an image of a stack; of one that is called otherwise, the one that makes the default."""
    found = NAME.fullmatch(image)
    if not found:
        return 'gitreceive stack build'
    addition = f' --with {found[3]}' if found[3] else ''
    return f'gitreceive stack build --stack {found[1]}-{found[2]}{addition}'
