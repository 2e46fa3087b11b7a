"""What the hook counts of pushed trees, in real repositories: each distinct tree once, however often it is met."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[2] / 'hooks'
LIMITS = {'FILES': '1000', 'BYTES': '100000', 'DEPTH': '10'}
ASK = 'import sys; sys.path.insert(0, sys.argv[1]); import trees; print(trees.too_much(eval(sys.stdin.read()), sys.argv[2:]))'


def file(blob: str, name: str) -> str:
    """An entry of a tree."""
    return f'100644 blob {blob}\t{name}'


def folder(tree: str, name: str) -> str:
    """An entry of a tree."""
    return f'040000 tree {tree}\t{name}'


class Repository:
    """A bare repository, and the objects that a test needs in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git('init', '-q', '--bare', '.')

    def git(self, *words: str, given: bytes = b'') -> str:
        who = ('-c', 'user.name=a', '-c', 'user.email=a@b')
        done = subprocess.run(
            ['git', *who, '-C', str(self.path), *words], input=given, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def blob(self, content: bytes = b'x') -> str:
        return self.git('hash-object', '-w', '--stdin', given=content)

    def tree(self, *entries: str) -> str:
        return self.git('mktree', '-z', '--missing', given=''.join(f'{each}\0' for each in entries).encode())

    def commit(self, *entries: str) -> str:
        return self.git('commit-tree', '-m', 'x', self.tree(*entries))

    def nested(self, inner: str, levels: int, copies: int) -> str:
        for _ in range(levels):
            inner = self.tree(*(folder(inner, f'd{number}') for number in range(copies)))
        return inner

    def too_much(self, pushed: Sequence[tuple[str, str]], *deployed: str, **limits: str) -> str:
        limits = {f'GITRECEIVE_CHECKOUT_{name}': value for name, value in (LIMITS | limits).items()}
        done = subprocess.run(
            [sys.executable, '-I', '-S', '-c', ASK, str(HOOKS), *deployed],
            cwd=self.path,
            env={'PATH': os.environ['PATH'], **limits},
            input=repr(list(pushed)).encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_what_is_within_the_limits_is_taken_also_tags_and_what_has_no_tree(repo: Repository) -> None:
    blob = repo.blob()
    made = repo.commit(file(blob, 'a'), folder(repo.tree(file(blob, 'b')), 'sub'))
    tag = repo.git(
        'mktag', given=f'object {made}\ntype commit\ntag v1\ntagger a <a@b> 1 +0000\n\nx\n'.encode()
    )
    pushed = [(made, 'refs/heads/main'), (tag, 'refs/tags/v1'), (blob, 'refs/tags/file')]
    assert repo.too_much(pushed, 'refs/heads/main') == 'None'


@pytest.mark.parametrize('ref', ['refs/heads/side', 'refs/tags/v1', 'refs/heads/main'])
def test_a_tree_of_ten_thousand_million_paths_is_refused_at_once_on_every_ref(
    repo: Repository, ref: str
) -> None:
    full = repo.nested(repo.tree(*(file(repo.blob(), f'f{number}') for number in range(10))), 9, 10)
    empty = repo.nested(repo.tree(), 10, 10)
    for root in (full, empty):
        assert 'has more than 1,000 files' in repo.too_much([(repo.git('commit-tree', '-m', 'x', root), ref)])


def test_a_tag_of_a_tag_is_counted_too(repo: Repository) -> None:
    found = repo.nested(repo.tree(file(repo.blob(), 'f')), 9, 10)
    for kind in ('tree', 'tag'):
        text = f'object {found}\ntype {kind}\ntag v1\ntagger a <a@b> 1 +0000\n\nx\n'
        found = repo.git('mktag', given=text.encode())
    assert repo.too_much([(found, 'refs/tags/v1')]).startswith('v1 has more than 1,000 files')


def test_bytes_are_counted_as_often_as_a_file_is_there(repo: Repository) -> None:
    inner = repo.tree(file(repo.blob(b'x' * 10_000), 'f'))
    for copies, wanted in ((10, 'None'), (11, 'main has files of over 0 MB in all')):
        made = repo.git('commit-tree', '-m', 'x', repo.nested(inner, 1, copies))
        assert repo.too_much([(made, 'refs/heads/main')]).startswith(wanted)


def test_depth_counts_also_below_a_tree_that_was_met_before(repo: Repository) -> None:
    deep = repo.nested(repo.tree(file(repo.blob(), 'f')), 10, 1)
    deeper = repo.nested(deep, 1, 1)
    first, second = (repo.git('commit-tree', '-m', 'x', root) for root in (deep, deeper))
    assert repo.too_much([(first, 'refs/heads/a')]) == 'None'
    for pushed in ([(second, 'refs/heads/b')], [(first, 'refs/heads/a'), (second, 'refs/heads/b')]):
        assert 'd0/d0/' in repo.too_much(pushed)
        assert 'is more than 10 directories deep' in repo.too_much(pushed)


def test_paths_names_and_links_have_their_limits(repo: Repository) -> None:
    blob = repo.blob()
    name = repo.commit(folder(repo.tree(file(blob, 'n' * 256)), 'sub'))
    assert 'sub/nnn' in repo.too_much([(name, 'refs/heads/main')])
    inner = repo.tree(file(blob, 'f'))
    for _ in range(5):
        inner = repo.tree(folder(inner, 'p' * 250))
    assert 'is a path of over 1024 bytes' in repo.too_much([(inner, 'refs/heads/main')])
    link = repo.tree(f'120000 blob {repo.blob(b"a" * 4096)}\tlink')
    found = repo.commit(folder(link, 'sub'))
    assert repo.too_much([(found, 'refs/heads/a')]).startswith(
        'sub/link is a link to a path of over 4095 bytes'
    )


def test_a_submodule_needs_a_description_where_it_is_deployed(repo: Repository) -> None:
    module = repo.tree(f'160000 commit {"1" * 40}\tvendored')
    bare = repo.commit(folder(module, 'lib'))
    described = repo.commit(folder(module, 'lib'), file(repo.blob(), '.gitmodules'))
    assert repo.too_much([(bare, 'refs/heads/main')]) == 'None'
    assert 'lib/vendored is a submodule' in repo.too_much([(bare, 'refs/heads/main')], 'refs/heads/main')
    assert repo.too_much([(described, 'refs/heads/main')], 'refs/heads/main') == 'None'


def test_fifty_thousand_refs_of_few_trees_are_counted_in_seconds(repo: Repository) -> None:
    made = [repo.commit(file(repo.blob(), f'f{number}')) for number in range(3)]
    pushed = [(made[number % 3], f'refs/tags/t{number}') for number in range(50_000)]
    start = time.monotonic()
    assert repo.too_much(pushed) == 'None'
    assert time.monotonic() - start < 60


def test_more_trees_than_are_kept_in_memory_are_counted_all_the_same(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = repo.blob(b'x' * 30_000)
    made = [repo.commit(file(blob, f'f{number}')) for number in range(5)]
    many = repo.commit(*(file(blob, f'f{number}') for number in range(5)))
    pushed = [(each, f'refs/tags/t{number}') for number, each in enumerate([*made, many])]
    monkeypatch.setattr(sys.modules[__name__], 'ASK', ASK.replace('print', 'trees.BATCH = 2; print'))
    assert repo.too_much(pushed).startswith('t5 has files of over')
