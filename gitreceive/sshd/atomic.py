"""``git push --atomic`` after a failure: all refs of the push are set back, or the client is told that they are not."""

from pathlib import Path

from gitreceive.repositories import git
from gitreceive.sshd.gate import Gate


def set_back(repository: Path, gate: Gate, but: str) -> bool:
    """Undoes the push for all refs but one, which the daemon sets back; False if one of them has moved on since."""
    accepted = set(gate.report.accepted_refs()) - {but.encode()}
    moves = [update.split(b' ', 2) for update in gate.commands.updates]
    words = [b'update %b %b %b\n' % (ref, old, new) for old, new, ref in moves if ref in accepted]
    if len(words) < len(accepted):
        return False  # the list of commands was too long to be kept
    done = git(repository, 'update-ref', '-m', 'gitreceive', '--stdin', given=b''.join(words))
    return done.returncode == 0
