"""The clients, each made when the first test asks for it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.clients.cgit import CGit
from tests.e2e.clients.client import GitClient, Program
from tests.e2e.clients.made import go_git, jgit
from tests.e2e.clients.newest import newest_git

HERE = Path(__file__).parent


def library(name: str) -> Program:
    """A client that is a Python program beside this file."""
    return Program(name, (sys.executable, str(HERE / f'push_with_{name}.py')))


CLIENTS: dict[str, Callable[[Path], GitClient]] = {
    'git': lambda shared: CGit(),
    'dulwich': lambda shared: library('dulwich'),
    'libgit2': lambda shared: library('libgit2'),
    'newest-git': newest_git,
    'go-git': lambda shared: go_git(),
    'jgit': lambda shared: jgit(),
}
HEAVY = ('newest-git', 'go-git', 'jgit')
"""What takes minutes to make."""


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.slow] * (name in HEAVY)) for name in CLIENTS])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GitClient:
    """Every client in turn."""
    return CLIENTS[request.param](tmp_path_factory.getbasetemp())
