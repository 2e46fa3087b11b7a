"""Where the files that come with the program lie: hooks, buildpacks, stacks."""

import sysconfig
from pathlib import Path

from gitreceive.errors import StateError


def directory(name: str) -> Path:
    """The directory ``name`` (``hooks``, ``buildpacks``, ``stacks``): beside the package in a checkout, else installed.

    Raises StateError if the installation lacks it.
    """
    places = (Path(__file__).parent.parent / name, Path(sysconfig.get_path('data')) / 'share' / 'gitreceive' / name)
    for place in places:
        if place.is_dir():
            return place
    raise StateError(f'the installation is incomplete: no {name}/ in {" or ".join(map(str, places))}; install again')
