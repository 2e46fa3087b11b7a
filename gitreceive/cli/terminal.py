"""The terminal of whoever calls."""

import os
import sys


def calling_terminal() -> str:
    """Its type (``xterm``), if both standard input and output are one; else empty."""
    both = sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()
    return os.environ.get('TERM', 'dumb') if both else ''
