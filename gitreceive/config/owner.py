"""Root at work in somebody else's directory: what it makes there has to be theirs."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """As long as this lasts, root is whoever owns ``folder``, with the groups of that user. Anybody else stays.

    For a whole process: all its threads change.
    """
    found = folder.stat() if folder.exists() else None
    if os.geteuid() != 0 or not found or found.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups(_groups(found.st_uid, found.st_gid))
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _groups(user: int, group: int) -> list[int]:
    """Those of a user; of a number without a name, what the directory says."""
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:
        return [group]
