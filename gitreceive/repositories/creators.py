"""Who repositories were made for: nobody may have made without end."""

from contextlib import suppress
from pathlib import Path

from gitreceive.model.errors import AccessDenied
from gitreceive.repositories.bare import CREATOR


def check_creates(key: str, repositories: Path, most: int) -> None:
    """Raises AccessDenied if as many of the repositories as there may be were made for this key, by its fingerprint."""
    if sum(_read(path) == key for path in repositories.glob(f'*.git/{CREATOR}')) >= most:
        raise AccessDenied(
            f'your key has created {most} apps, which is the most that a key may; destroy one '
            '("apps destroy"), or ask the sysadmin (apps.per_key)'
        )


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ''
