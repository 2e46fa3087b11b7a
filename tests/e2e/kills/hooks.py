"""Hooks that are hit by a signal when they come to a line: the receiver's own, run line by line (sys.settrace)."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitreceive.config.resources import directory

TRACED = '''#!/usr/bin/env -S python3 -I -S
import json, os, sys
folder, name = {folder!r}, {name!r}
lines, aims = set(), []
with open(folder + '/aim.json') as file:
    aims = [aim for aim in json.load(file) if aim['hook'] == name]


def trace(frame, event, argument):
    """Counts each line of the hook, and of what it imports, once."""
    code = frame.f_code.co_filename
    if not code.startswith(folder):
        return None
    if event == 'line' and (code, frame.f_lineno) not in lines:
        lines.add((code, frame.f_lineno))
        for aim in aims:
            if aim['line'] == len(lines):
                hit(aim)
    return trace


def hit(aim):
    os.close(os.open(folder + '/hit', os.O_CREAT | os.O_WRONLY))
    for who, number in aim['signals']:
        pid = {{'hook': os.getpid(), 'git': os.getppid()}}.get(who) or who
        if pid != 1:  # git may have died of the others' death
            os.kill(pid, number)


__file__ = folder + '/real/' + name
with open(__file__) as file:
    code = compile(file.read(), __file__, 'exec')
sys.settrace(trace)
exec(code, {{'__name__': '__main__', '__file__': __file__}})
'''


@dataclass(frozen=True, slots=True)
class Hooks:
    """A directory of hooks for the tests' SSH server (see launcher.py)."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> 'Hooks':
        """In a new directory; no hook is aimed at."""
        shutil.copytree(directory('hooks'), folder / 'real')
        for name in ('pre-receive', 'post-receive'):
            hook = folder / name
            hook.write_text(TRACED.format(folder=str(folder), name=name))
            hook.chmod(0o755)
        hooks = cls(folder)
        hooks.spare()
        return hooks

    def aim(self, hook: str, line: int, signals: Sequence[tuple[str | int, int]]) -> None:
        """When ``hook`` comes to its so many-th line for the first time, each of the processes gets its signal.

        They are ``hook``, ``git`` (its parent), or a number.
        """
        self._write([{'hook': hook, 'line': line, 'signals': signals}])

    def spare(self) -> None:
        """No hook is hit any more."""
        self._write([])

    @property
    def hit(self) -> bool:
        """Whether the hook came to that line."""
        return (self.folder / 'hit').exists()

    def _write(self, aims: list[dict[str, object]]) -> None:
        (self.folder / 'hit').unlink(missing_ok=True)
        new = self.folder / 'aim.new'
        new.write_text(json.dumps(aims))
        new.rename(self.folder / 'aim.json')
