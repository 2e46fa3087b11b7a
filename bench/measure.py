"""Numbers: series of measurements, taken in turn, and what is said of them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar('T')


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements of one thing, in seconds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table; ``wanted`` is how many times faster than the naive way ours has to be.

    ``naive`` is whatever ours is beside; if it is not the naive way, the name says so. ``stage`` marks a part of the row
    above.
    """

    name: str
    ours: Series | None
    naive: Series | None
    wanted: float | None = None
    stage: bool = False

    @property
    def ratio(self) -> float | None:
        """The naive way's median by ours; None if one of them is missing."""
        if not self.ours or not self.naive or not self.ours.median:
            return None
        return self.naive.median / self.ours.median

    @property
    def missed(self) -> bool:
        """Whether it was measured and is too slow."""
        return self.wanted is not None and self.ratio is not None and self.ratio < self.wanted


def alternate(runs: int, takes: Sequence[Callable[[], T]]) -> list[list[T]]:
    """Takes each measurement ``runs`` times, in turn and in changing order: the machine's moods meet all alike."""
    results: list[list[T]] = [[] for _ in takes]
    for turn in range(runs):
        for number in sorted(range(len(takes)), reverse=turn % 2 == 1):
            results[number].append(takes[number]())
    return results


def series(values: Sequence[float | None]) -> Series | None:
    """What was measured, without the gaps; None if nothing was."""
    found = tuple(value for value in values if value is not None)
    return Series(found) if found else None
