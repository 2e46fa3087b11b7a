"""What containers use, read from the kernel where their engine is on this host.

An engine takes a second to say it (Docker before 26, also for one measurement); the kernel says it at once. The names
of containers cannot be guessed, so that a control group of that name is the container's.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path('/sys/fs/cgroup')
FOLDERS = ('docker/{}', 'system.slice/docker-{}.scope')
"""Of Docker's drivers "cgroupfs" and "systemd"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUse:
    """``memory`` and its limit in bytes, ``cpu`` in nanoseconds of all cores since the start."""

    memory: int
    memory_limit: int
    cpu: int


def measured(container: str, root: Path = ROOT) -> GroupUse | None:
    """None if there is no such control group here, or it has just gone."""
    for folder in FOLDERS:
        name = folder.format(container)
        try:
            if (root / name / 'memory.current').exists():
                return _second(root / name)
            if (root / 'memory' / name).exists():
                return _first(root / 'memory' / name, root / 'cpuacct' / name)
        except (OSError, ValueError, KeyError):
            return None
    return None


def _second(folder: Path) -> GroupUse:
    """Version 2 (Linux, Documentation/admin-guide/cgroup-v2.rst)."""
    cached = _table(folder / 'memory.stat')['inactive_file']
    return GroupUse(
        memory=max(0, int((folder / 'memory.current').read_text()) - cached),
        memory_limit=int((folder / 'memory.max').read_text()),
        cpu=_table(folder / 'cpu.stat')['usage_usec'] * 1000,
    )


def _first(memory: Path, cpu: Path) -> GroupUse:
    """Version 1 (Linux, Documentation/admin-guide/cgroup-v1/)."""
    cached = _table(memory / 'memory.stat')['total_inactive_file']
    return GroupUse(
        memory=max(0, int((memory / 'memory.usage_in_bytes').read_text()) - cached),
        memory_limit=int((memory / 'memory.limit_in_bytes').read_text()),
        cpu=int((cpu / 'cpuacct.usage').read_text()),
    )


def _table(path: Path) -> dict[str, int]:
    return {
        name: int(value) for name, _, value in (line.partition(' ') for line in path.read_text().splitlines())
    }
