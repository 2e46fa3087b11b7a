"""Runs the SSH server with hooks of the test's own: ``launcher.py HOOKS``."""

import sys
from pathlib import Path

from gitreceive.config import resources

hooks, directory = Path(sys.argv.pop(1)), resources.directory
resources.directory = lambda name: hooks if name == 'hooks' else directory(name)

from gitreceive.cli import sshd  # noqa: E402  (what is imported from here on finds these hooks)

sshd.main()
