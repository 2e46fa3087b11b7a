"""What happened: apps, config vars, builds and releases, in SQLite. The builder's alone."""

from gitreceive.history.apps import Apps
from gitreceive.history.builds import Builds
from gitreceive.history.releases import Releases
from gitreceive.history.slugs import Slugs


class History(Apps, Slugs, Builds, Releases):
    """The builder's journal and its record of releases, in one file."""
