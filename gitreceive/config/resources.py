"""Where the files that come with the program lie: hooks, buildpacks, stacks."""

import sysconfig
from pathlib import Path

from gitreceive.model.errors import StateError

CHECKOUT = Path(__file__).parents[2]


def directory(name: str) -> Path:
    """The directory ``name`` (``hooks``, ``buildpacks``, ``stacks``): beside the package in a checkout, else installed.

    Raises StateError if the installation lacks it.
    """
    places = [root / name for root in roots()]
    for place in places:
        if place.is_dir():
            return place
    raise StateError(
        f'the installation is incomplete: no {name}/ in {" or ".join(map(str, places))}; install again'
    )


def roots() -> list[Path]:
    """Where to look: the checkout if this is one, else what pip fills for everybody and for one user."""
    if (CHECKOUT / 'setup.cfg').is_file():
        return [CHECKOUT]
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme('user'))
    found = [Path(sysconfig.get_path('data', scheme)) / 'share' / 'gitreceive' for scheme in schemes]
    return list(dict.fromkeys(found))
