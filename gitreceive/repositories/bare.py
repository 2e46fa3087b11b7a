"""Makes bare repositories, whole or not at all."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from dulwich.objects import Tree
from dulwich.repo import Repo

from gitreceive.model.errors import StateError

CREATOR = 'creator'
"""The file of a repository that holds the fingerprint of the key that it was made for; empty if the sysadmin made it."""

EMPTY = 'failed'
ALTERNATES = Path('objects') / 'info' / 'alternates'

UNBORN = 'unborn'
"""The file of a repository whose app nobody has pushed to yet: it goes with the session that it was made for."""


TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
"""What rename(2) says when another one was faster."""


def ensure_repository(path: Path, mark: str = '', creator: str = '') -> None:
    """Makes a bare repository at ``path`` unless one is there; whole or not at all, with an empty file named ``mark``.

    ``creator`` is the fingerprint of the key that it is made for. Raises StateError if the directory cannot be written.
    """
    if (path / 'HEAD').exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix='.new-', dir=path.parent))
        try:
            _fill(fresh)
            if mark:
                (fresh / mark).touch()
            (fresh / CREATOR).write_text(creator)
            os.chmod(fresh, 0o700)
            give(fresh, path.parent)
            os.rename(fresh, path)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            if error.errno not in TAKEN or _is_broken(path):
                raise
    except OSError as error:
        raise StateError(f'cannot make the repository {path}: {error.strerror}') from error


def _is_broken(path: Path) -> bool:
    """Whether something is there that is no repository. Who was faster may have removed theirs again: that is none."""
    return path.is_dir() and not (path / 'HEAD').exists() and path.is_dir()


def _fill(path: Path) -> None:
    """For a git that a sysadmin runs here by hand, too: nothing is collected unasked.

    Until something is deployed a have is advertised, the empty tree: of a repository without refs a git that uses
    SHA-256 says "unexpected capabilities^{}", of others what is wrong.
    """
    with Repo.init_bare(str(path)) as repo:
        config = repo.get_config()
        config.set((b'gc',), b'auto', b'0')
        config.write_to_path()
        repo.object_store.add_object(Tree())
    advertise_haves(path)


def advertise_haves(repo: Path) -> None:
    """Lets ``git receive-pack`` advertise what ``core.alternateRefsCommand`` prints (``gitreceive.repositories.rules``).

    It does so for other repositories whose objects it may use: an empty one stands for them. Raises OSError.
    """
    for name in ('objects', 'refs'):
        (repo / EMPTY / name).mkdir(parents=True, exist_ok=True)
    (repo / ALTERNATES).write_text(f'../{EMPTY}/objects\n')


def give(path: Path, like: Path) -> None:
    """What root makes belongs to whoever has ``like``, which is the SSH server's user."""
    to = like.stat()
    if os.geteuid() != 0 or to.st_uid == 0:
        return
    for place in (path, *path.rglob('*')):
        os.chown(place, to.st_uid, to.st_gid, follow_symlinks=False)
