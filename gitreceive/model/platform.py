"""A slug and a release at a platform elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSlug:
    """What the platform is told of a slug. ``sha256`` is in hexadecimal; ``processes`` maps names to commands.

    ``commit`` is empty if there is none; ``commit_note`` says what has to be known beside it.
    """

    processes: Mapping[str, str]
    sha256: str
    commit: str
    stack: str = ''
    buildpack: str = ''
    commit_note: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRelease:
    """A release at the platform. ``status`` is ``succeeded``, ``pending`` (a release phase runs) or ``failed``."""

    id: str
    version: int
    status: str
    slug: str = ''
