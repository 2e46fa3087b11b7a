"""The home's directories: made before anything is opened, each with its mode and its owner."""

import os
import pwd
import shlex
from collections.abc import Iterator
from pathlib import Path

from gitreceive.config.account import ssh_account
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.model.errors import StateError


def prepare_home(settings: Settings) -> None:
    """Makes the home's directories, with who may read them; what the SSH server owns is given to the user it runs as.

    Raises StateError, with the command to type, if what another user owns cannot be given away.
    """
    home, account = Home(settings.home), ssh_account(settings)
    modes = {home.sshd: 0o700, home.repos: 0o700, home.daemon: 0o700, home.run: 0o711}
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        for path, mode in modes.items():
            path.mkdir(mode=mode, exist_ok=True)
        for path in (home.sshd, home.repos):
            _give(path, account)
        for path, mode in modes.items():
            path.chmod(mode)
    except OSError as error:
        raise StateError(f'cannot prepare {error.filename or settings.home}: {error.strerror}') from error


def _give(folder: Path, account: pwd.struct_passwd | None) -> None:
    """Gives a directory and what its former owner has in it to the SSH server's user. What is linked to is left alone.

    The directory itself comes last: as long as it has its former owner, the work is not done.
    """
    uid, gid = (account.pw_uid, account.pw_gid) if account else (os.geteuid(), os.getegid())
    former = folder.stat().st_uid
    if former == uid:
        return
    if os.geteuid() != 0:
        words = shlex.join(['chown', '-R', f'{uid}:{gid}', str(folder)])
        raise StateError(
            f'{folder} belongs to user {former}, and the SSH server runs as user {uid} (setting ssh.user): '
            f'as root, run "{words}"'
        )
    for name, descriptor in _below(folder, former):
        os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
    os.chown(folder, uid, gid)


def _below(folder: Path, owner: int) -> Iterator[tuple[str, int]]:
    for _, directories, files, descriptor in os.fwalk(folder, topdown=False):
        for name in (*directories, *files):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid == owner:
                yield name, descriptor
