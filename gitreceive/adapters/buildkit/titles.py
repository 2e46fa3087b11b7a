"""Short names of build steps, for people: ``[ 3/9] RUN ["/tmp/buildpack/install-node", "24.x"]`` is "install-node 24.x"."""

import json
import re

OURS = re.compile(r'\[(?:[\w.-]+ )? *\d+/\d+\] (.*)', re.DOTALL)
FLAG = re.compile(r'--[a-z]+(=\S+)?\s+')
LONGEST = 60


def title(name: str) -> str | None:
    """The short name of a step of our Dockerfile, or None for what the engine does by itself."""
    found = OURS.match(name)
    if not found:
        return None
    word, _, rest = found[1].strip().partition(' ')
    rest = rest.lstrip()
    while flag := FLAG.match(rest):
        rest = rest[flag.end() :]
    text = _command(rest) if word.upper() == 'RUN' else f'{word} {rest}'
    text = ' '.join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'


def runs(name: str) -> bool:
    """Whether the step runs a command (and may be slow, print and fail)."""
    found = OURS.match(name)
    return bool(found and found[1].lstrip().upper().startswith('RUN '))


def _command(rest: str) -> str:
    try:
        words = json.loads(rest)
    except ValueError:
        return rest
    if not isinstance(words, list) or not words:
        return rest
    words = [str(word) for word in words]
    if words[0].rpartition('/')[2] in ('sh', 'bash') and words[1:2] in (['-c'], ['-ec'], ['-euc']):
        return words[2] if len(words) > 2 else rest
    return ' '.join([words[0].rpartition('/')[2], *words[1:]])
