"""The terminal of whoever calls."""

import fcntl
import os
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from gitreceive.model.terminal import Terminal, Window, bounded_window, terminal_type

STDIN = 0


def calling_terminal() -> Terminal | None:
    """It, if both standard input and output are one."""
    both = sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()
    return Terminal(terminal_type(os.environ.get('TERM', '')), window()) if both else None


def calling_type() -> str:
    """Its type (``xterm``), or empty."""
    terminal = calling_terminal()
    return terminal.type if terminal else ''


def window() -> Window:
    """The size of the terminal that is standard input."""
    rows, columns, _, _ = struct.unpack('HHHH', fcntl.ioctl(STDIN, termios.TIOCGWINSZ, bytes(8)))
    return bounded_window(rows, columns)


@contextmanager
def raw_terminal() -> Iterator[None]:
    """While it lasts, the terminal hands every key on."""
    before = termios.tcgetattr(STDIN)
    tty.setraw(STDIN, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
