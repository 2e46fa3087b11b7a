"""What scenarios work with, and how much they measure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.naive import Naive
from bench.ours import Ours
from bench.platforms import interpreted_apps


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured; ``blobs``, ``link`` and ``large`` in MB, ``cold`` the number of cold pushes, ``fresh``
    whether they use no cache, ``interpreted`` and ``growing`` the platforms of ``warm`` and ``dependencies``, ``changes``
    the number of changes of dependencies, ``trees`` the numbers of files of apps, ``releases`` how many there are in a
    row, ``followers`` how many follow a log, for ``watched`` seconds, ``routed`` the apps of a router, which is asked for
    ``loaded`` seconds and switched ``switches`` times."""

    runs: int = 5
    cold: int = 3
    fresh: bool = True
    interpreted: tuple[str, ...] = tuple(interpreted_apps())
    growing: tuple[str, ...] = ('node', 'java', 'scala', 'go')
    changes: int = 3
    packages: int = 50_000
    files: int = 50_000
    blobs: int = 300
    trees: tuple[int, ...] = (5_000, 50_000, 200_000)
    releases: int = 50
    link: int = 300
    large: int = 2_000
    followers: int = 50
    watched: float = 10.0
    routed: int = 100
    loaded: float = 5.0
    switches: int = 40


QUICK = Sizes(
    runs=1,
    cold=1,
    fresh=False,
    interpreted=('static',),
    growing=('node',),
    changes=1,
    packages=300,
    files=500,
    blobs=10,
    trees=(500,),
    releases=3,
    link=10,
    large=20,
    followers=3,
    watched=1.0,
    routed=3,
    loaded=1.0,
    switches=3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the scenarios work with. ``naive`` is None without an sshd; ``deploys`` is whether it can build, too."""

    place: Path
    engine: str
    ours: Ours
    naive: Naive | None
    deploys: bool
    sizes: Sizes
    say: Callable[[str], None]
    remark: Callable[[str], None]
