"""How large the objects of a repository are, asked of one git for all of them."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

from gitreceive.model.errors import SourceError
from gitreceive.repositories.command import start_git


class ObjectSizes:
    """Starts ``git cat-file --batch-check`` at the first question, and ends it with ``close``. For one thread."""

    def __init__(self, repo: Path) -> None:
        self._repo = repo
        self._open = ExitStack()
        self._git: subprocess.Popen[bytes] | None = None

    def of(self, name: bytes) -> int:
        """The bytes of an object's content. Raises SourceError if git knows no such object, or has gone away."""
        child = self._git = self._git or self._open.enter_context(
            start_git(self._repo, 'cat-file', '--batch-check', stdin=subprocess.PIPE)
        )
        assert child.stdin and child.stdout
        try:
            child.stdin.write(name + b'\n')
        except BrokenPipeError:
            pass  # then it answers nothing either
        _, _, size = child.stdout.readline().rpartition(b' ')
        if not size.strip().isdigit():
            raise SourceError(f'git cannot say how large {name.decode()} in {self._repo} is')
        return int(size)

    def close(self) -> None:
        """Ends git. A question after that starts another one."""
        self._git = None
        self._open.close()
