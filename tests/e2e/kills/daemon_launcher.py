"""Runs the daemon, which waits at the point that a test aims at: ``daemon_launcher.py STEPS daemon``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from gitreceive import points
from tests.e2e.kills.steps import Steps

steps, passed = Steps(Path(sys.argv.pop(1))), points.point


def point(name: str) -> None:
    """In place of the receiver's own."""
    steps.wait_at(name)
    passed(name)


points.point = point

from gitreceive.cli.main import main  # noqa: E402  (what is imported from here on finds that point)

main()
