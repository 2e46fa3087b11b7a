"""Runs the server with hooks of the test's own: what the server does is tested here, not what the receiver's hooks do."""

import sys

from gitreceive.cli import sshd as server
from gitreceive.sshd import gitsession, push

push.RESTART_SECONDS = 2.0
hooks = sys.argv.pop(1)
serve_command = gitsession.serve_command


def with_hooks(verb, repository, limits, _=None):
    return serve_command(verb, repository, limits, hooks)


gitsession.serve_command = with_hooks
server.main()
