"""What an engine looks for in a Dockerfile before it reads it: the name of another image to read it with. Pure."""

import re

SYNTAX = re.compile(r'\s*(#|//)\s*syntax\s*=', re.IGNORECASE)


def without_syntax(text: str) -> str:
    """The text without ``# syntax=`` lines above its first instruction: each would run an image of its own choice."""
    lines = text.split('\n')
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith(('#', '//')):
            return '\n'.join([*(line for line in lines[:number] if not SYNTAX.match(line)), *lines[number:]])
    return '\n'.join(line for line in lines if not SYNTAX.match(line))


def names_frontend(text: str) -> bool:
    """Whether an engine may find in it the name of an image to read it with: a ``syntax`` line, or JSON instead."""
    bare = text.lstrip('\ufeff')
    return bare.lstrip().startswith('{') or without_syntax(bare) != bare
