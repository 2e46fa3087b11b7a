"""Pushes with pygit2, that is libgit2 and libssh2: KEY WORK OPTIONS REFSPEC..., prints a report as JSON (see client.py)."""

import json
import sys

import pygit2

REMOTE = 'deploy'


class Callbacks(pygit2.RemoteCallbacks):
    """Logs in with a key file, and keeps what comes back."""

    def __init__(self, key: str) -> None:
        super().__init__(credentials=pygit2.Keypair('git', f'{key}.pub', key, ''))
        self.refs: dict[str, str] = {}
        self.said = ''

    def certificate_check(self, certificate: object, valid: bool, host: bytes) -> bool:
        """The host key of a test's receiver is as good as any."""
        return True

    def sideband_progress(self, string: str) -> None:
        """What the server says."""
        self.said += string

    def push_update_reference(self, refname: str, message: str | None) -> None:
        """The server's report on a ref."""
        self.refs[refname] = message or ''


def main(key: str, work: str, options: str, *refspecs: str) -> dict[str, object]:
    """libgit2 raises an error for what fails in all, and none for a rejected ref."""
    callbacks = Callbacks(key)
    more = {'push_options': options.split(',')} if options else {}
    try:
        pygit2.Repository(work).remotes[REMOTE].push(list(refspecs), callbacks=callbacks, **more)
    except pygit2.GitError as error:
        return {'ok': False, 'refs': callbacks.refs, 'said': f'{callbacks.said}{error}'}
    return {'ok': not any(callbacks.refs.values()), 'refs': callbacks.refs, 'said': callbacks.said}


print(json.dumps(main(*sys.argv[1:])))
