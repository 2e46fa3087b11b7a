"""Which Node.js an app asks for: engines.node, .nvmrc, .node-version or .tool-versions, in this order."""

import re
from collections.abc import Iterator, Mapping

import nodesemver

from gitreceive.errors import DetectError
from gitreceive.manifest import read_text
from gitreceive.model import Choice
from gitreceive.ports import Source

NODE = '24.x'
"""Without any of these. The line that is in long-term support since October 2025 (the Node.js release schedule)."""

LTS = {
    'argon': '4.x',
    'boron': '6.x',
    'carbon': '8.x',
    'dubnium': '10.x',
    'erbium': '12.x',
    'fermium': '14.x',
    'gallium': '16.x',
    'hydrogen': '18.x',
    'iron': '20.x',
    'jod': '22.x',
    'krypton': '24.x',
}
"""The code names of the lines in long-term support, which nvm takes as ``lts/iron`` (the Node.js release schedule)."""

ALIASES = {'lts/*': NODE, 'lts': NODE, 'node': '*', 'stable': '*', 'latest': '*', 'current': '*'}
VERSION = re.compile(r'v?(\d{1,5}(?:\.(?:\d{1,5}|x)){0,2})', re.ASCII)
FILES = ('.nvmrc', '.node-version', '.tool-versions')
TOOLS = ('nodejs', 'node')
LONGEST_RANGE = 200


def node_choice(source: Source, engines: Mapping[str, str]) -> Choice:
    """The range of versions, and who asks for it. Raises DetectError for what is no version."""
    wanted = wanted_range(engines, 'node', f'"{NODE}" or ">=20 <25"')
    if wanted:
        return Choice(tool='Node.js', wanted=wanted, source='engines.node')
    for name in FILES:
        said = _said(source, name) if source.exists(name) else ''
        if said:
            return Choice(tool='Node.js', wanted=_version(said, name), source=name)
    return Choice(tool='Node.js', wanted=NODE, source='default; set engines.node in package.json to choose')


def wanted_range(engines: Mapping[str, str], tool: str, example: str) -> str:
    """The range at ``engines.<tool>``, or an empty string. Raises DetectError, with an ``example``, if it is none."""
    wanted = ' '.join(engines.get(tool, '').split())
    if wanted and not is_range(wanted):
        raise DetectError(
            f'engines.{tool} in package.json is "{ascii(wanted[:60])[1:-1]}", which is no range of versions: '
            f'write one such as {example}'
        )
    return wanted


def is_range(text: str) -> bool:
    """Whether npm would take ``text`` as a range of versions."""
    return len(text) <= LONGEST_RANGE and nodesemver.valid_range(text, False) is not None


def _said(source: Source, name: str) -> str:
    lines = _lines(read_text(source, name))
    if name != '.tool-versions':
        return next(lines, '')
    found = (line.split() for line in lines)
    return next((words[1] for words in found if words[0] in TOOLS and len(words) > 1), '')


def _lines(text: str) -> Iterator[str]:
    return (found for line in text.split('\n') if (found := line.partition('#')[0].strip()))


def _version(said: str, name: str) -> str:
    known = ALIASES.get(said.lower()) or LTS.get(said.lower().removeprefix('lts/'))
    if known:
        return known
    match = VERSION.fullmatch(said)
    if match:
        return match[1]
    raise DetectError(
        f'{name} says "{ascii(said[:60])[1:-1]}", which is no version of Node.js: write one such as "24" or "24.11.0"'
    )
