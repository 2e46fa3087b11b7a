"""How much memory a process has had at most (proc(5)).

Not by getrusage(2): a child begins with the most that its parent had, and what was reached once hides what comes later.
"""

from pathlib import Path


def memory(pid: int | str, what: str = 'VmHWM') -> int:
    """Bytes: ``VmRSS`` now, ``VmHWM`` at most since the program began or ``forget_peak``."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(f'{what}:'):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def forget_peak() -> None:
    """Lets this process's ``VmHWM`` begin anew."""
    Path('/proc/self/clear_refs').write_text('5')
