"""What happened: apps, config vars, builds and releases, in SQLite. The builder's alone."""

from gitreceive.journal.apps import Apps
from gitreceive.journal.builds import Builds
from gitreceive.journal.releases import Releases
from gitreceive.journal.slugs import Slugs


class History(Apps, Slugs, Builds, Releases):
    """The builder's journal and its record of releases, in one file."""
