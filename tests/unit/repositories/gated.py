"""``gated.py HOOKS COMMAND...``: a ``git receive-pack`` behind the report gate, as the SSH server has it."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from gitreceive.repositories.sessionhooks import read_refused
from gitreceive.sshd.gate import Gate
from gitreceive.sshd.report import Verdict


def feed(gate: Gate, target: IO[bytes]) -> None:
    """Sends git what the client says."""
    with target:
        while chunk := os.read(0, 65536):
            gate.commands.take(chunk)
            target.write(chunk)
            target.flush()


def main(hooks: str, *command: str) -> int:
    """The exit status of git."""
    gate = Gate()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as git:
        assert git.stdin and git.stdout
        threading.Thread(target=feed, args=(gate, git.stdin), daemon=True).start()
        while chunk := os.read(git.stdout.fileno(), 65536):
            os.write(1, gate.passes(chunk))
    status = 0 if gate.report.accepted else 1
    for piece in gate.release(Verdict(status=status, reasons=read_refused(Path(hooks)))):
        os.write(1, piece)
    return git.returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
