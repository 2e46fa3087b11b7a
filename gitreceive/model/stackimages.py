"""What the images of stacks are called, and which command makes one that is missing. Pure."""

import re

NAME = re.compile(r'(?P<place>\S+/)(?P<name>\w+):(?P<version>\w+?)(?:-build)?(?:-(?P<addition>[a-z]+))?')
"""``gitreceive/cedar:13`` runs apps of the stack ``cedar-13``, ``-build`` makes them, ``-build-rust`` is an addition."""


def making(image: str) -> str:
    """The command that makes an image of a stack, as far as its name tells which one that is."""
    found = NAME.fullmatch(image)
    if not found:
        return 'gitreceive stack build'
    known = found['place'] == 'gitreceive/' and found['name'] == 'cedar'
    stack = f' --stack {found["name"]}-{found["version"]}' if known else ''
    addition = f' --with {found["addition"]}' if found['addition'] else ''
    return f'gitreceive stack build{stack}{addition}'
