"""What the verbs print can be looked at in any terminal."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from gitreceive.daemon.services import Services
from gitreceive.daemon.verbs import Request, answer
from gitreceive.model.access import Actor
from tests.chunk_cache import HELLO, ChunkCache, chunk_cache


def said(kept: ChunkCache, *words: str) -> str:
    services = cast(Services, SimpleNamespace(home=kept.home, journal=kept.journal))
    return b''.join(answer(words, Request(services=services, actor=Actor(name='root')))).decode()


def test_a_table_holds_no_escape_sequence_whoever_wrote_what_is_in_it(tmp_path: Path) -> None:
    with chunk_cache(tmp_path) as kept:
        kept.home.repo(HELLO).mkdir(parents=True)
        kept.journal.apps.change_config(
            HELLO, {'A': '\x1b]0;owned\x07b\x1b[2J', 'B': '', 'C': '\x1b[2J', 'D': 'd\ne'}, ()
        )
        assert said(kept, 'config', 'hello').splitlines() == [
            'name  value',
            'A     b',
            'B     -',
            'C     -',
            'D     d',
        ]
