"""Which Node.js an app asks for: engines.node, .nvmrc, .node-version or .tool-versions, in this order."""

import re
from collections.abc import Iterator, Mapping

import nodesemver

from gitreceive.build.appfiles.manifest import read_text, table
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice

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
NAMED = re.compile('lts[/-]')
EARLIER = re.compile('lts/-([1-9])')
"""The line in long-term support so many before the last one, for nvm."""

NEWEST_OF = re.compile('latest[:-]')
"""How asdf and mise name the newest version of a line: ``latest:20``."""

VERSION = re.compile(r'v?(\d{1,5}(?:\.(?:\d{1,5}|x)){0,2})', re.ASCII)
FILES = ('.nvmrc', '.node-version', '.tool-versions')
TOOLS = ('nodejs', 'node')
LONGEST_RANGE = 200
LATEST = 'latest'
"""The tag of npm's registry, which ``engines`` name now and then."""


def node_choice(source: Source, engines: Mapping[str, str]) -> Choice:
    """The range of versions, and who asks for it. Raises DetectError for what is no version."""
    named = ALIASES.get(engines.get('node', '').strip().lower())
    wanted = named or wanted_range(engines, 'node', f'"{NODE}" or ">=20 <25"')
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
    if wanted == LATEST:
        return '*'
    if wanted and not is_range(wanted):
        raise DetectError(
            f'engines.{tool} in package.json is "{ascii(wanted[:60])[1:-1]}", which is no range of versions: '
            f'write one such as {example}'
        )
    return wanted


def engines_of(package: Mapping[str, object]) -> Mapping[str, str]:
    """``engines`` of package.json; a whole number is the version that it says. Raises DetectError for what is no text."""
    found = package.get('engines')
    if isinstance(found, dict):
        numbers = {name: str(value) for name, value in found.items() if type(value) is int}
        package = {'engines': {**found, **numbers}}
    return table(package, 'engines', 'package.json')


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
    lowered = said.lower()
    known = ALIASES.get(lowered) or LTS.get(NAMED.sub('', lowered, count=1)) or _earlier(lowered)
    if known:
        return known
    bare = NEWEST_OF.sub('', said, count=1)
    match = VERSION.fullmatch(bare)
    if match:
        return match[1]
    if is_range(bare):
        return ' '.join(bare.split())
    raise DetectError(
        f'{name} says "{ascii(said[:60])[1:-1]}", which is no version of Node.js: write one such as "24" or "24.11.0"'
    )


def _earlier(said: str) -> str:
    match = EARLIER.fullmatch(said)
    return list(LTS.values())[-1 - int(match[1])] if match else ''
