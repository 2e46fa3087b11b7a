"""The steps of a push: lines of the hooks and named points of the daemon, at one of which it waits for the test."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from gitreceive.config.resources import directory

HOOKS = ('pre-receive', 'post-receive')

TRACED = '''#!/usr/bin/env -S python3 -I -S
import os, sys, time
folder, name = {folder!r}, {name!r}
lines = set()
with open(folder + '/aim') as file:
    who, step = file.read().split() or ('', '')


def trace(frame, event, argument):
    """Counts each line of a function once; those of modules, which do nothing yet, as one."""
    code = frame.f_code.co_filename
    if not code.startswith(folder):
        return None
    idle = lines and not frame.f_code.co_flags & 1  # inspect.CO_OPTIMIZED: a function
    if event == 'line' and not idle and (code, frame.f_lineno) not in lines:
        lines.add((code, frame.f_lineno))
        if (who, step) == (name, str(len(lines))):
            wait()
    return trace


def wait():
    os.close(os.open(folder + '/reached', os.O_CREAT | os.O_WRONLY))
    while os.path.exists(folder + '/reached'):
        time.sleep(0.01)


__file__ = folder + '/real/' + name
with open(__file__) as file:
    code = compile(file.read(), __file__, 'exec')
sys.settrace(trace)
exec(code, {{'__name__': '__main__', '__file__': __file__}})
'''


@dataclass(frozen=True, slots=True)
class Steps:
    """A directory by which the test and what it waits for know of each other; see the two launchers.

    The hooks in it are the receiver's own, run line by line (sys.settrace).
    """

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> 'Steps':
        """In a new directory; nothing waits anywhere."""
        shutil.copytree(directory('hooks'), folder / 'real')
        for name in HOOKS:
            hook = folder / name
            hook.write_text(TRACED.format(folder=str(folder), name=name))
            hook.chmod(0o755)
        steps = cls(folder)
        steps.spare()
        return steps

    def aim(self, who: str, step: str | int) -> None:
        """The next push waits when ``who`` comes there: a hook to its so many-th line, the daemon to a point."""
        self._write(f'{who} {step}')

    def aim_at_nothing(self) -> None:
        """Nobody will wait any more."""
        self._write('')

    def spare(self) -> None:
        """The same, and who waits goes on."""
        self.aim_at_nothing()
        self.go_on()

    @property
    def reached(self) -> bool:
        """Whether it waits there now."""
        return (self.folder / 'reached').exists()

    def go_on(self) -> None:
        """Lets what waits go on."""
        (self.folder / 'reached').unlink(missing_ok=True)

    def wait_at(self, point: str) -> None:
        """In the daemon: waits if the test aims at this point; once."""
        if (self.folder / 'aim').read_text() != f'daemon {point}':
            return
        self.aim_at_nothing()
        os.close(os.open(self.folder / 'reached', os.O_CREAT | os.O_WRONLY))
        while self.reached:
            time.sleep(0.01)

    def _write(self, aim: str) -> None:
        new = self.folder / 'aim.new'
        new.write_text(aim)
        new.rename(self.folder / 'aim')
