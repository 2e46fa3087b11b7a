"""The modules that a Go program was made of: the linker writes them into it, and stripping does not take them out.

The format is that of Go 1.18 and later (package ``debug/buildinfo``): at an address divisible by 16 a mark of 14 bytes,
a byte, and flags; 32 bytes behind the mark's begin, with flag 2, Go's version and the module's description, each behind
its length. An ELF file's sections lie where their addresses are, modulo a page; so it need not be read as one.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from gitreceive.slugs.software.package import Package, short

ELF = b'\x7fELF'
MARK = b'\xff Go buildinf:'
ALIGNMENT, HEADER = 16, 32
FLAGS, INLINE = 15, 2
FRAME = 16
"""Bytes before and behind a module's description, for programs that look for it (``runtime/debug``)."""

LONGEST = 1 << 20
"""Bytes of a description: a program of a thousand modules has a tenth of it."""

TRIES = 8
"""Marks in a file that are looked at: programs that look for marks hold one as text."""


def go_modules(pieces: Iterable[bytes]) -> Iterator[Package]:
    """The library of Go and the modules in a program; nothing of what is no program of Go."""
    found = iter(pieces)
    first = next(found, b'')
    if not first.startswith(ELF):
        return
    for text in _marked(chain([first], found)):
        version, at = _string(text, HEADER)
        if text[FLAGS] & INLINE and version.startswith(b'go1'):
            described, _ = _string(text, at)
            yield from _library(version)
            yield from _modules(described[FRAME:-FRAME].decode('utf-8', 'replace'))
            return


def _marked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What stands at each mark, at most LONGEST bytes."""
    held, start, tries = b'', 0, 0
    for piece in chain(pieces, (b'',)):
        held += piece
        at = held.find(MARK)
        while at >= 0 and (len(held) - at >= LONGEST or not piece):
            if (start + at) % ALIGNMENT == 0 and len(held) - at > HEADER:
                yield held[at : at + LONGEST]
                tries += 1
                if tries == TRIES:
                    return
            at = held.find(MARK, at + 1)
        keep = at if at >= 0 else max(0, len(held) - len(MARK) + 1)
        held, start = held[keep:], start + keep


def _string(text: bytes, at: int) -> tuple[bytes, int]:
    """The bytes behind their length (a variable-length integer) at ``at``, and where they end; empty if cut off."""
    length = 0
    for shift, byte in enumerate(text[at : at + 5]):
        length |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            begin = at + shift + 1
            return (
                (text[begin : begin + length], begin + length) if begin + length <= len(text) else (b'', at)
            )
    return b'', at


def _library(version: bytes) -> Iterator[Package]:
    number = short(version.split()[0].removeprefix(b'go').decode('ascii', 'replace'))
    if number:
        yield Package(registry='golang', name='stdlib', version=number)


def _modules(text: str) -> Iterator[Package]:
    """The module itself and those it depends on; of a replaced one the other. One that is a directory has no version."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        kind, *words = line.split('\t')
        if kind == '=>' and found:
            found.pop()
        if kind in ('mod', 'dep', '=>') and len(words) >= 2:
            found.append((short(words[0]), short(words[1])))
    for path, version in found:
        group, _, name = path.rpartition('/')
        if name and version.startswith('v'):
            yield Package(registry='golang', group=group, name=name, version=version)
