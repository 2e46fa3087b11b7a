"""Counts what the trees of pushed refs hold, before any ref moves: 8 objects can be 211,110 files.

No path is followed: each distinct tree is read once, and what it holds is the sum of what its entries hold, so that a
tree of 10^10 paths takes as long as its 11 objects. Imported by ``pre-receive``; the standard library alone.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

MAX_PATH, MAX_NAME, MAX_LINK = 1024, 255, 4095
SECONDS = 60.0  # for all trees of a push
CHUNK = 500  # questions to git at once: they fit into a pipe, so that neither side waits for the other
BATCH = 100_000  # trees and sizes that are kept in memory at once
SHOWN = 100  # bytes of a path in a message

ENTRY = re.compile(rb'([0-7]{5,6}) ([^\0]+)\0(.{20})', re.DOTALL)  # gitformat: an entry of a tree
FOLDER, LINK, MODULE = b'40000', b'120000', b'160000'


class TooMuch(Exception):
    """Why a tree is not taken."""


class Node:
    """One tree. First what its own entries are; then, once ``summed``, what all of it holds."""

    __slots__ = ('described', 'dirs', 'files', 'folders', 'height', 'longest', 'module', 'size', 'summed')

    def __init__(self, folders: Sequence[tuple[bytes, bytes]]) -> None:
        self.folders = folders
        self.dirs = len(folders)
        self.files = self.size = self.longest = self.height = 0
        self.summed = self.described = False
        self.module = b''

    def add(self, entry: bytes, below: 'Node') -> None:
        """Adds what a directory holds."""
        self.files += below.files
        self.dirs += below.dirs
        self.size += below.size
        self.height = max(self.height, below.height + 1)
        self.longest = max(self.longest, len(entry) + 1 + below.longest)
        if below.module and not self.module:
            self.module = (entry + b'/' + below.module)[:SHOWN]


def too_much(pushed: Iterable[tuple[str, str]], deployed: Iterable[str] = ()) -> str | None:
    """Why one of the pushed refs, pairs of object and ref, is not taken, or None.

    The refs in ``deployed`` may have no submodule without a description. Needs ``GITRECEIVE_CHECKOUT_FILES``, ``_BYTES``
    and ``_DEPTH`` in the environment, and a repository as the working directory.
    """
    most = {name: int(os.environ[f'GITRECEIVE_CHECKOUT_{name}']) for name in ('FILES', 'BYTES', 'DEPTH')}
    strict = set(deployed)
    refs: dict[str, list[str]] = {}
    for new, ref in pushed:
        refs.setdefault(new, []).append(ref)
    try:
        with _cat_file('--batch') as git:
            forest = Forest(git, most)
            for new, root in _roots(list(refs)):
                forest.add(root, refs[new][0], any(name in strict for name in refs[new]))
            forest.judge()
    except TooMuch as why:
        return str(why)
    return None


class Forest:
    """The distinct trees of a push, read through ``git cat-file --batch``."""

    def __init__(self, git: 'subprocess.Popen[bytes]', most: dict[str, int]) -> None:
        self._git, self._most = git, most
        self._nodes: dict[bytes, Node] = {}
        self._parents: dict[bytes, tuple[bytes, bytes]] = {}
        self._roots: list[tuple[bytes, str, bool]] = []
        self._sizes: list[tuple[bytes, Node, tuple[bytes, bytes] | None]] = []
        self._end = time.monotonic() + SECONDS

    def add(self, root: bytes, ref: str, strict: bool) -> None:
        """Reads the trees below ``root`` that are not known yet. Raises TooMuch if there is no end to them."""
        self._roots.append((root, ref, strict))
        level = [] if root in self._nodes else [root]
        entries = 0
        while level:
            below: dict[bytes, None] = {}
            for start in range(0, len(level), CHUNK):
                part = level[start : start + CHUNK]
                for node in self._read(part, ref):
                    entries += 1 + node.files
                    below.update((child, None) for _, child in node.folders)
                self._check(entries, ref)
            level = [name for name in below if name not in self._nodes]
        if len(self._sizes) > BATCH:
            self.judge()

    def judge(self) -> None:
        """Raises TooMuch if one of the trees that were added is not to be taken."""
        self._measure()
        for root, ref, strict in self._roots:
            self._sum(root)
            self._judge(root, ref, strict)
        self._roots.clear()
        self._parents.clear()
        if len(self._nodes) > BATCH:
            self._nodes.clear()

    def _check(self, entries: int, ref: str) -> None:
        if entries > 2 * self._most['FILES']:
            raise TooMuch(_many(ref, self._most['FILES']))
        if time.monotonic() > self._end:
            raise TooMuch(
                f'counting the files of this push takes more than {SECONDS:.0f} s; push fewer refs at once'
            )

    def _read(self, names: Sequence[bytes], ref: str) -> Iterator[Node]:
        stdin, stdout = self._git.stdin, self._git.stdout
        assert stdin and stdout
        stdin.write(b''.join(name.hex().encode() + b'\n' for name in names))
        stdin.flush()
        for name in names:
            size = stdout.readline().rpartition(b' ')[2].strip()
            if not size.isdigit():
                raise TooMuch(f'{_short(ref)} has a tree that cannot be read: {name.hex()}')
            if int(size) > 3 * MAX_NAME * self._most['FILES']:
                raise TooMuch(_many(ref, self._most['FILES']))
            yield self._parsed(name, stdout.read(int(size) + 1)[:-1])

    def _parsed(self, name: bytes, data: bytes) -> Node:
        entries = ENTRY.findall(data)
        folders = [(entry, child) for mode, entry, child in entries if mode[-5:] == FOLDER]
        node = self._nodes[name] = Node(folders)
        for entry, child in folders:
            self._parents.setdefault(child, (name, entry))
        for mode, entry, child in entries:
            if mode == MODULE:
                node.module = node.module or entry
            elif mode[-5:] != FOLDER:
                self._sizes.append((child, node, (name, entry) if mode == LINK else None))
                node.described = node.described or (entry == b'.gitmodules' and mode != LINK)
        node.files = len(entries) - len(folders)
        node.longest = max((len(entry) for _, entry, _ in entries), default=0)
        if node.longest > MAX_NAME:
            raise TooMuch(_long(self._path(name, max((entry for _, entry, _ in entries), key=len))))
        return node

    def _measure(self) -> None:
        """Asks for the sizes of all files that were found."""
        if not self._sizes:
            return
        with _cat_file('--batch-check=%(objectsize)', '--buffer') as git:
            said, _ = git.communicate(b''.join(name.hex().encode() + b'\n' for name, _, _ in self._sizes))
        for size, (_, node, link) in zip(said.split(b'\n'), self._sizes, strict=False):
            length = int(size) if size.isdigit() else 0
            node.size += length
            if link and length > MAX_LINK:
                path = _shown(self._path(*link))
                raise TooMuch(f'{path} is a link to a path of over {MAX_LINK} bytes; remove it')
        self._sizes.clear()

    def _sum(self, root: bytes) -> None:
        """Adds up what the trees below ``root`` hold, the deepest first."""
        way = [(b'', root, iter(self._nodes[root].folders))]
        while way:
            _, name, rest = way[-1]
            for entry, child in rest:
                if not self._nodes[child].summed:
                    way.append((entry, child, iter(self._nodes[child].folders)))
                    break
            else:
                self._close(self._nodes[name])
                way.pop()
            if len(way) - 1 > self._most['DEPTH']:
                raise TooMuch(_deep(b'/'.join(entry for entry, _, _ in way[1:]), self._most['DEPTH']))

    def _close(self, node: Node) -> None:
        if not node.summed:
            for entry, child in node.folders:
                node.add(entry, self._nodes[child])
            node.summed = True

    def _judge(self, root: bytes, ref: str, strict: bool) -> None:
        node, most = self._nodes[root], self._most
        if max(node.files, node.dirs) > most['FILES']:
            raise TooMuch(_many(ref, most['FILES']))
        if node.size > most['BYTES']:
            raise TooMuch(
                f'{_short(ref)} has files of over {most["BYTES"] / 1e6:,.0f} MB in all; keep large files elsewhere'
            )
        if node.height > most['DEPTH']:
            raise TooMuch(_deep(self._longest(root), most['DEPTH']))
        if node.longest > MAX_PATH:
            raise TooMuch(_long(self._longest(root)))
        if strict and node.module and not node.described:
            raise TooMuch(
                f'{_shown(node.module)} is a submodule that no .gitmodules describes; '
                'add the files themselves ("git rm --cached" it first)'
            )

    def _path(self, name: bytes, entry: bytes) -> bytes:
        """Where an entry of a tree was found first."""
        parts = [entry]
        while name in self._parents and len(parts) <= self._most['DEPTH']:
            name, entry = self._parents[name]
            parts.append(entry)
        return b'/'.join(reversed(parts))

    def _longest(self, root: bytes) -> bytes:
        """The beginning of the longest path below ``root``."""
        path = b''
        while self._nodes[root].folders and len(path) <= SHOWN:
            entry, root = max(
                self._nodes[root].folders, key=lambda each: len(each[0]) + self._nodes[each[1]].longest
            )
            path += entry + b'/'
        return path[:-1]


def _roots(names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each of the objects that has a tree, with that tree: commits, trees, and tags of those."""
    with _cat_file('--batch-check=%(objectname)') as git:
        assert git.stdin and git.stdout
        for start in range(0, len(names), CHUNK):
            part = names[start : start + CHUNK]
            git.stdin.write(''.join(f'{name}^{{tree}}\n' for name in part).encode())
            git.stdin.flush()
            for name, answer in zip(part, git.stdout, strict=False):
                if b' ' not in answer:
                    yield name, bytes.fromhex(answer.decode())


@contextmanager
def _cat_file(*options: str) -> Iterator['subprocess.Popen[bytes]']:
    command = ['git', 'cat-file', *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as git:
        try:
            yield git
        finally:
            git.kill()


def _short(ref: str) -> str:
    return ascii(ref.removeprefix('refs/heads/').removeprefix('refs/tags/')[:SHOWN])[1:-1]


def _shown(path: bytes) -> str:
    return ascii(path[:SHOWN])[2:-1]


def _many(ref: str, most: int) -> str:
    return f'{_short(ref)} has more than {most:,} files; that is the most that this receiver takes'


def _deep(path: bytes, most: int) -> str:
    return f'{_shown(path)}... is more than {most} directories deep'


def _long(path: bytes) -> str:
    return f'{_shown(path)}... is a path of over {MAX_PATH} bytes, or has a name of over {MAX_NAME}'
