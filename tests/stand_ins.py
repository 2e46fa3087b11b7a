"""Stand-ins for programs that tests put first on the PATH."""

import os
from pathlib import Path

import pytest


def stand_in(monkeypatch: pytest.MonkeyPatch, place: Path, script: str, name: str = 'mmdebstrap') -> Path:
    """Puts a program that is called ``name`` first on the PATH; it is a shell script."""
    program = place / name
    program.write_text(f'#!/bin/sh\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', f'{place}:{os.environ["PATH"]}')
    return program
