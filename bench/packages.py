"""npm packages with many small files, made here: 50,000 files in node_modules without 50,000 downloads."""

import base64
import hashlib
import io
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCOPE = '@bench'
VERSION = '1.0.0'
FILES_EACH = 1000
WORDS = 400
LINES = 20_000
MEAN_BYTES = 3000
"""Of a file. With the language's runtime this makes a tar of about 280 MB, as large Node apps have."""


@dataclass(frozen=True, slots=True)
class Package:
    """A packed npm package; ``name`` has its scope."""

    name: str
    file: Path
    integrity: str

    def described(self, tarball: str) -> dict[str, object]:
        """What a registry tells about it ("packument"), with the address of its tarball."""
        version = {
            'name': self.name,
            'version': VERSION,
            'dist': {'tarball': tarball, 'integrity': self.integrity},
        }
        return {'name': self.name, 'dist-tags': {'latest': VERSION}, 'versions': {VERSION: version}}


def make_packages(folder: Path, files: int) -> dict[str, Package]:
    """Packages with ``files`` files in all, below ``folder``. The same each time."""
    folder.mkdir(parents=True)
    texts = sources(random.Random('packages'))
    count = -(-files // FILES_EACH)
    made = (
        _make(folder, f'bulk-{number:03}', min(FILES_EACH, files - number * FILES_EACH), texts)
        for number in range(count)
    )
    return {package.name: package for package in made}


def sources(chance: random.Random) -> Iterator[bytes]:
    """Texts like those of JavaScript modules, of changing length, without end."""
    words = [
        ''.join(chance.choices('abcdefghijklmnopqrstuvwxyz', k=chance.randint(3, 11))) for _ in range(WORDS)
    ]
    lines = [_line(chance, words) for _ in range(LINES)]
    mean = sum(map(len, lines)) / len(lines)
    while True:
        wanted = int(chance.expovariate(1 / MEAN_BYTES) / mean) + 1
        start = chance.randrange(LINES)
        yield b''.join(lines[start : start + wanted])


def _line(chance: random.Random, words: list[str]) -> bytes:
    a, b, c, d = chance.choices(words, k=4)
    number = chance.randrange(10**6)
    form = chance.choice(
        (
            "const {a} = require('./{b}');",
            'function {a}({b}, {c}) {{',
            '  if ({a} !== {n}) return {b}.{c}({d});',
            '  {a}.{b} = {c} + {n};',
            "  throw new Error('{a} {b} {c} {d}');",
            '}}',
            '// {a} {b}: {c} {d}',
            'module.exports.{a} = {b};',
        )
    )
    return (form.format(a=a, b=b, c=c, d=d, n=number) + '\n').encode()


def _make(folder: Path, short: str, files: int, texts: Iterator[bytes]) -> Package:
    file = folder / f'{short}.tgz'
    manifest = f'{{"name": "{SCOPE}/{short}", "version": "{VERSION}", "main": "lib/0/0.js"}}\n'
    with tarfile.open(file, 'w:gz', compresslevel=1) as archive:
        _add(archive, 'package/package.json', manifest.encode())
        for number in range(files - 1):
            _add(archive, f'package/lib/{number // 50}/{number}.js', next(texts))
    digest = base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    return Package(f'{SCOPE}/{short}', file, f'sha512-{digest}')


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    archive.addfile(info, io.BytesIO(content))
