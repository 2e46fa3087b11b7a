"""All threads of the daemon have few heaps in common."""

import ctypes
from types import SimpleNamespace

import pytest

from gitreceive.cli.memory import ARENAS, M_ARENA_MAX, share_heaps


def test_the_c_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *words: told.append(words))
    monkeypatch.setattr(ctypes, 'CDLL', lambda name: library)
    share_heaps()
    assert told == [(M_ARENA_MAX, ARENAS)]


def test_one_that_knows_nothing_of_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, 'CDLL', lambda name: SimpleNamespace())
    share_heaps()
