"""Keeps private words out: one name for one thing, and the field's. Run by dev/lint; prints each place with what to write.

``NAMES`` are looked for in the names of Python (a part of ``snake_case`` or ``CamelCase`` counts), ``PROSE`` in comments,
docstrings, messages and documents. ``ALLOWED`` has the places where a word has its normal meaning.
"""

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

PLACES = (
    'gitreceive',
    'hooks',
    'docs',
    'dev',
    'buildpacks',
    'stacks',
    'examples',
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
)
"""What is looked through; git knows which files there are."""

NAMES: Mapping[str, str] = {
    'door': 'sshd, SSH server',
    'desk': 'services',
    'arrival': 'push request',
    'reception': 'intake',
    'shelf': 'chunk cache',
    'shelves': 'chunk caches',
    'far': 'remote',
    'keeper': 'slug store',
    'aftercare': 'post-release jobs',
    'bench': 'toolchain',
    'house': 'host, server',
    'stranger': 'unauthenticated client',
    'strangers': 'unauthenticated clients',
    'mercy': 'grace period',
    'patience': 'retries, grace period',
    'visitor': 'peer, client',
}
"""Parts of names, and what to write instead."""

CLASSES: Mapping[str, str] = {
    'Line': 'the stages take the ports that they need',
    'History': 'Journal',
    'Pusher': 'Actor',
    'Asker': 'Actor',
}
"""Whole names of classes that are gone."""

PROSE: Mapping[str, str] = {
    r'(?<!front )(?<!out )\bdoors?\b': 'SSH server',
    r'\b(the|a|another|dead|this|one) builders?\b(?! image| stage)': 'daemon',
    r'\bdesks?\b': 'services',
    r'\barrivals?\b': 'push request',
    r'\breception\b': 'intake',
    r'\bshel(f|ves)\b': 'chunk cache',
    r'\bthe far (one|ones|side|storages?)\b': 'the remote storage',
    r'\bkeepers?\b': 'slug store',
    r'\baftercare\b': 'post-release jobs',
    r'\bhouse\b(?! style)': 'host',
    r'\bstrangers?\b': 'unauthenticated client',
    r'\bmercy\b': 'grace period',
    r'\bpatience\b': 'grace period, retries',
    r'\bvisitors?\b(?! of)': 'peer',
    r'\b(make|makes|made) (it )?up\b(?! of)': 'generate',
    r'\b(bring|brings|brought) \w+ back\b': 'restore',
    r'\bby lot\b': 'at random',
    r'\b(once more|anew)\b': 'again',
    r'\b(is|are|be) tried again\b': 'retry',
    r'\bany more\b(?= ?[.;:,)"\']|$)': 'no longer',
    r'\bbe had\b': 'is available',
    r'\bthe line\b(?= (reads|of stages|from|with its))': 'deploy and its stages',
    r'\bplaces? in the (line|queue)\b': 'queue position',
    r'\bstands? in line\b': 'waits',
}
"""Patterns of text, and what to write instead."""

ALLOWED: Sequence[tuple[str, str]] = (
    ('dev/words.py', '*'),
    ('docs/adr/*', 'Replaced*'),
    ('docs/sysadmins.md', 'Earlier versions called*'),
    ('docs/sysadmins.md', '*urn:gitreceive:builder*'),
    ('gitreceive/config/upgrade.py', '*'),
    ('gitreceive/config/former.py', '*'),
    ('gitreceive/cli/main.py', 'FORMER = *'),
    ('gitreceive/cli/serve.py', '*--door-user*'),
)
"""A pattern of paths and one of lines in which any word may stand."""

SHORT = re.compile(r'(See |Raises ).*')
"""How a docstring of fewer than three words may begin."""


class Found(NamedTuple):
    """A word that is none of the project's."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: {self.word!r}: {self.instead}'


def main(words: Sequence[str]) -> int:
    """Looks through the files that are named, or through all; returns 1 if something was found."""
    texts = {path: (ROOT / path).read_text('utf-8') for path in words or listed()}
    found = [one for path, text in texts.items() for one in look(path, text)]
    found += twice({path: text for path, text in texts.items() if path.endswith('.py')})
    for one in found:
        print(one)
    return 1 if found else 0


def listed() -> list[str]:
    """The files below ``PLACES`` that git knows of."""
    said = subprocess.run(
        ['git', 'ls-files', '-z', '--', *PLACES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    kinds = ('.py', '.md', '.sh', '.toml', '')
    return [
        name for name in said.split('\0') if name and Path(name).suffix in kinds and (ROOT / name).is_file()
    ]


def look(path: str, text: str) -> Iterator[Found]:
    """What is wrong with a file. Pure."""
    lines = text.splitlines()
    python = path.endswith('.py') or text.startswith('#!/usr/bin/env python') or 'python3' in text[:60]
    found = [
        *_prose(path, lines),
        *(_names(path, text) if python else ()),
        *(_short(path, text) if python else ()),
    ]
    for one in sorted(set(found)):
        line = lines[one.line - 1] if one.line <= len(lines) else ''
        if not any(fnmatch(path, where) and fnmatch(line, what) for where, what in ALLOWED):
            yield one


def twice(sources: Mapping[str, str]) -> list[Found]:
    """Public classes of the package that have one name and are two things. Pure."""
    seen: dict[str, str] = {}
    found = []
    for path, text in sources.items():
        if not path.startswith('gitreceive/'):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith('_'):
                if node.name in seen:
                    found.append(
                        Found(
                            path,
                            node.lineno,
                            node.name,
                            f'another class of that name is in {seen[node.name]}',
                        )
                    )
                seen.setdefault(node.name, path)
    return found


def _prose(path: str, lines: Sequence[str]) -> Iterator[Found]:
    for number, line in enumerate(lines, 1):
        for pattern, instead in PROSE.items():
            for match in re.finditer(pattern, line, re.IGNORECASE):
                yield Found(path, number, match[0], instead)


def _names(path: str, text: str) -> Iterator[Found]:
    for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__):
        if token.type == tokenize.NAME:
            for part in parts(token.string):
                if part in NAMES:
                    yield Found(path, token.start[0], token.string, NAMES[part])
            if token.string in CLASSES:
                yield Found(path, token.start[0], token.string, CLASSES[token.string])


def parts(name: str) -> list[str]:
    """``_open_keeper`` and ``OpenKeeper`` as words. Pure."""
    return [part.lower() for part in re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])', name)]


def _short(path: str, text: str) -> Iterator[Found]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            said = ast.get_docstring(node)
            if said and len(said.split()) < 3 and not SHORT.match(said):
                yield Found(path, node.body[0].lineno, said, 'a sentence that says what it is')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
