"""Which instances of a release there are to be, and what has to be done so that there are. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gitreceive.model.instance import Formation, Instance, InstanceName, InstanceState, Scale
from gitreceive.model.process import ProcessType
from gitreceive.model.release import Release
from gitreceive.run.spec import CRON, WEB

RELEASE = 'release'
"""The process type that is run once for each release, and never kept running."""

ONE, NONE = Scale(count=1), Scale(count=0)

BY_PREFERENCE = (InstanceState.UP, InstanceState.STARTING, InstanceState.CRASHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedInstance:
    """An instance that there is to be."""

    process: ProcessType
    number: int
    scale: Scale

    @property
    def name(self) -> InstanceName:
        """What it is called."""
        return InstanceName(self.process.name, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What stays of the instances that there are, what is to be started, and what is to end."""

    kept: tuple[Instance, ...]
    missing: tuple[WantedInstance, ...]
    surplus: tuple[Instance, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing has to be done."""
        return not self.missing and not self.surplus


def scale_of(process: str, formation: Formation) -> Scale:
    """How a process type is scaled: one ``web`` and none of the others, unless the formation says otherwise."""
    return formation.get(process, ONE if process == WEB else NONE)


def desired(release: Release, formation: Formation, *, stopped: bool = False) -> tuple[WantedInstance, ...]:
    """All instances of a release, in the order of its process types; none of an app that was stopped."""
    return () if stopped else tuple(_desired(release, formation))


def compare(
    wanted: Sequence[WantedInstance],
    found: Sequence[Instance],
    version: int,
    renewed: Callable[[InstanceName], bool] = lambda name: False,
) -> Comparison:
    """``found`` against what there is to be of the release ``version``; those that are ``renewed`` do not stay.

    What cron entries run ends by itself.
    """
    found = [one for one in found if one.name.process != CRON]
    kept = {one.name: one for one in reversed(_by_preference(found, version)) if not renewed(one.name)}
    stay = tuple(kept[each.name] for each in wanted if each.name in kept)
    ids = {one.id for one in stay}
    return Comparison(
        kept=stay,
        missing=tuple(each for each in wanted if each.name not in kept),
        surplus=tuple(one for one in found if one.id not in ids),
    )


def _desired(release: Release, formation: Formation) -> Iterator[WantedInstance]:
    for process in release.processes:
        if process.name != RELEASE:
            scale = scale_of(process.name, formation)
            for number in range(1, scale.count + 1):
                yield WantedInstance(process=process, number=number, scale=scale)


def _by_preference(found: Sequence[Instance], version: int) -> list[Instance]:
    """Those of the release that may stay; of several with one name the first is the best: the oldest that is up."""
    candidates = [one for one in found if one.release == version and one.state in BY_PREFERENCE]
    return sorted(candidates, key=lambda one: (BY_PREFERENCE.index(one.state), one.since))
