"""The user that the SSH server runs as."""

import pwd

from gitreceive.config.settings import Settings
from gitreceive.model.errors import SettingsError


def ssh_account(settings: Settings) -> pwd.struct_passwd | None:
    """That user, if the settings name one. Raises SettingsError if this host has no such user."""
    user = settings.ssh.user
    if not user:
        return None
    try:
        return pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError) as error:
        raise SettingsError(f'ssh.user = {user!r}: this host has no such user') from error
