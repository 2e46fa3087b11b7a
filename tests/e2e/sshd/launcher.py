"""Runs the door with hooks of the test's own: what the door does is tested here, not what the receiver's hooks do."""

import sys

from gitreceive.cli import sshd as door
from gitreceive.sshd import service

hooks = sys.argv.pop(1)
serve_command = service.serve_command


def with_hooks(verb, repository, limits):
    words = serve_command(verb, repository, limits)
    return [*words[:-2], '-c', f'core.hooksPath={hooks}', *words[-2:]]


service.serve_command = with_hooks
door.main()
