"""What ``help`` prints: all verbs, or how one is used. Pure."""

import textwrap
from collections.abc import Sequence

from gitreceive.grammar.parsing import unknown
from gitreceive.grammar.verb import Verb
from gitreceive.grammar.verbs import VERBS

WIDTH = 92


def help_text(words: Sequence[str], how: str) -> str:
    """Of the verb that ``words`` name, or of all; ``how`` is what stands before a verb (``ssh git@host``).

    Raises BadCommand if there is no such verb.
    """
    if not words:
        return overview(how)
    found = VERBS.get(' '.join(words)) or VERBS.get(words[0])
    if found is None:
        raise unknown(words[0])
    return _usage(found, how)


def overview(how: str) -> str:
    """A line for each verb."""
    width = max(len(verb.short_usage) for verb in VERBS.values())
    lines = [f'    {verb.short_usage:<{width}}  {verb.summary}' for verb in VERBS.values()]
    return '\n'.join([f'Ask for something ({how} VERB ...; "help VERB" says more):', '', *lines]) + '\n'


def _usage(verb: Verb, how: str) -> str:
    lines = [
        f'{how} {verb.usage}',
        '',
        *textwrap.wrap(f'{verb.summary[0].upper()}{verb.summary[1:]}.', WIDTH),
    ]
    if verb.details:
        lines += textwrap.wrap(verb.details, WIDTH)
    if verb.options:
        lines += ['', *_options(verb)]
    if more := [f'    {other.usage}' for name, other in VERBS.items() if name.startswith(f'{verb.name} ')]:
        lines += ['', *more]
    return '\n'.join(lines) + '\n'


def _options(verb: Verb) -> list[str]:
    shown = [
        (
            f'{option.flag}{f", {option.short}" if option.short else ""} {option.value}'.rstrip(),
            option.meaning,
        )
        for option in verb.options
    ]
    width = max(len(name) for name, _ in shown)
    return [f'    {name:<{width}}  {meaning}' for name, meaning in shown]
