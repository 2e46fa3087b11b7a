"""``git push --atomic`` after a failure: all refs of the push are set back, or the client is told that they are not."""

import subprocess
from pathlib import Path

from gitreceive.repositories import git_environment, owner
from gitreceive.sshd.gate import Gate


def set_back(repository: Path, gate: Gate, but: str) -> bool:
    """Undoes the push for all refs but one, which the daemon sets back; False if one of them has moved on since."""
    accepted = {ref.encode(errors='surrogateescape') for ref in gate.report.accepted_refs()} - {but.encode()}
    moves = [update.split(b' ', 2) for update in gate.commands.updates]
    words = [b'update %b %b %b\n' % (ref, old, new) for old, new, ref in moves if ref in accepted]
    if len(words) < len(accepted):
        return False  # the list of commands was too long to be kept
    return (
        subprocess.run(
            ['git', '--git-dir', str(repository), 'update-ref', '-m', 'gitreceive', '--stdin'],
            input=b''.join(words),
            env=git_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=repository,
            **owner(repository),
        ).returncode
        == 0
    )
