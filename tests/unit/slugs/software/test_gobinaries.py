"""The modules of Go programs, from programs laid out as Go's linker does (package debug/buildinfo, Go 1.18 and later)."""

import pytest

from gitreceive.slugs.software.gobinaries import LONGEST, MARK, TRIES, go_modules

FRAMES = bytes.fromhex('3077af0c9274080241e1c107e6d618e6'), bytes.fromhex('f932433186182072008242104116d8f2')
MODULES = """\
path\texample.com/hello/cmd/web
mod\texample.com/hello\t(devel)\t
dep\tgithub.com/gorilla/mux\tv1.8.0\th1:i40aqfkR1h2SlN9hojwV5ZA91wcXFOvkdNIeFDP5koI=
dep\tgopkg.in/yaml.v3\tv3.0.1\th1:x=
dep\texample.com/forked\tv1.0.0
=>\texample.com/fork\tv1.1.0+incompatible\th1:y=
dep\texample.com/patched\tv2.0.0
=>\t../patched\t\t
build\t-compiler=gc
build\tCGO_ENABLED=1
"""
WANTED = [
    'stdlib@1.22.1',
    'github.com/gorilla/mux@v1.8.0',
    'gopkg.in/yaml.v3@v3.0.1',
    'example.com/fork@v1.1.0+incompatible',
]


def string(content: bytes) -> bytes:
    length, said = len(content), b''
    while length >= 0x80:
        said += bytes([length & 0x7F | 0x80])
        length >>= 7
    return said + bytes([length]) + content


def program(modules: str = MODULES, version: str = 'go1.22.1', at: int = 4096) -> bytes:
    described = FRAMES[0] + modules.encode() + FRAMES[1]
    header = (MARK + bytes([8, 2])).ljust(32, b'\0')
    return b'\x7fELF'.ljust(at, b'\0') + header + string(version.encode()) + string(described) + bytes(5000)


def told(content: bytes, size: int = 1000) -> list[str]:
    """What is found in the program when it comes in pieces of that size."""
    found = go_modules(content[at : at + size] for at in range(0, len(content), size))
    return ['/'.join(filter(None, (each.group, each.name))) + '@' + each.version for each in found]


@pytest.mark.parametrize('size', [7, 1000, 1 << 20])
def test_a_program_tells_its_modules_and_its_go_however_it_is_read(size: int) -> None:
    assert told(program(), size) == WANTED


def test_a_released_program_is_a_module_itself() -> None:
    assert told(program('path\tx\nmod\texample.com/tool\tv0.3.0\th1:x=\n'))[1:] == ['example.com/tool@v0.3.0']


@pytest.mark.parametrize('version', ['go1.19', 'go1.23.0 X:loopvar', 'go1.25rc1'])
def test_versions_of_go_are_told_without_the_name(version: str) -> None:
    assert told(program('', version)) == [f'stdlib@{version.split()[0].removeprefix("go")}']


def test_a_program_that_looks_for_marks_is_not_taken_in_by_its_own() -> None:
    decoys = b'\x7fELF'.ljust(16, b'\0') + (MARK + b'\0\0 text').ljust(48, b'\0') + b'12345' + MARK
    padding = bytes(-len(decoys) % 16)
    assert told(decoys + padding + program()) == WANTED


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\x7fELF',
        program()[4:],
        program(at=4090),
        program()[:4120],
        program()[:4200],
        program(version='1.22'),
        program().replace(MARK + b'\x08\x02', MARK + b'\x08\x00'),
        b'\x7fELF'.ljust(16, b'\0') + (MARK + b'\x08\x02').ljust(32, b'\0') + b'\xff' * 100,
        b'\x7fELF'.ljust(16, b'\0')
        + (MARK + b'\x08\x02').ljust(32, b'\0')
        + b'\x05go1.2\xff\xff\xff\xff\x0f' * 9,
    ],
)
def test_what_is_no_program_of_go_or_cut_off_tells_nothing(content: bytes) -> None:
    assert [each for each in told(content) if not each.startswith('stdlib@')] == []


def test_a_file_full_of_marks_is_given_up() -> None:
    marks = b'\x7fELF'.ljust(16, b'\0') + (MARK + b'\0\0') * (LONGEST // 8)
    taken = 0

    def pieces():  # type: ignore[no-untyped-def]
        nonlocal taken
        for at in range(0, len(marks), 1 << 16):
            taken += 1
            yield marks[at : at + (1 << 16)]

    assert list(go_modules(pieces())) == []
    assert taken <= 2 + (LONGEST + TRIES * 16 >> 16)
