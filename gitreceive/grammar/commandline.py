"""Verbs that end in a command of somebody else's: where that begins, and how it becomes one line for a shell.

Nothing behind the beginning of the command is an option of the verb. The line is what ``bash -c`` is given.
"""

import shlex
from collections.abc import Sequence

from gitreceive.grammar.quoting import WORD, split
from gitreceive.grammar.verb import Verb
from gitreceive.grammar.verbs import VERBS
from gitreceive.model.errors import BadCommand

APART = '--'


def command_at(verb: Verb, words: Sequence[str]) -> int:
    """Where in ``words`` (behind the verb's name) the command begins; their number if there is none."""
    before, at = len(verb.arguments) - 1, 0
    valued = {name for option in verb.options if option.value for name in (option.flag, option.short) if name}
    while at < len(words):
        word = words[at]
        if word == APART:
            return min(len(words), at + 1 + before)
        if word.startswith('-') and len(word) > 1:
            at += 2 if word in valued else 1
        elif before:
            before, at = before - 1, at + 1
        else:
            return at
    return len(words)


def with_one_line(verb: Verb, words: Sequence[str]) -> list[str]:
    """``words`` with the command as one word behind ``--``.

    A command of one word is that line already; of several, each stays one argument of the program.
    """
    at = command_at(verb, words)
    head, command = [word for word in words[:at] if word != APART], words[at:]
    if not command:
        return list(words)
    return [*head, APART, command[0] if len(command) == 1 else shlex.join(command)]


def line_words(text: str) -> list[str]:
    """The words of a line as SSH carries it: see ``quoting.split``.

    A command at its end is one word, as it came: ssh has joined what the client's shell made of it, as for every host.
    """
    found = list(WORD.finditer(text))
    verb = VERBS.get(found[0].group()) if found else None
    if verb is None or not verb.ends_in_command:
        return split(text)
    at = 1 + command_at(verb, [each.group() for each in found[1:]])
    if at >= len(found):
        return split(text)
    start = found[at - 1].end()
    command = text[start:].strip()
    if '\0' in command:
        raise BadCommand('the command has a zero byte in it')
    head = [word for word in split(text[:start]) if word != APART]
    return [*head, APART, command]
