"""A command line as SSH carries it, to words: by the quoting rules of a POSIX shell, without a shell.

An SSH client joins its words with blanks, and the server gets one line. Quotes group, a backslash keeps the next
character as it is; nothing is expanded. What quoting would silently change is refused instead: ``KEY={"a":1}`` loses
its quotes in every shell.
"""

import re
import shlex

from gitreceive.model.errors import BadCommand

PIECE = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^ \t\r\n'"\\]+""", re.DOTALL)
WORD = re.compile(rf'(?:{PIECE.pattern})+', re.DOTALL)
NAME = re.compile(r'[A-Za-z0-9_.-]*=')
"""What may stand before the quotes of a value."""

CONTROL = re.compile('[\x00-\x1f\x7f]')
INNOCENT = re.compile(r'\\[\w]')
"""A backslash before a letter or a digit: a shell drops it, whoever wrote it wants to keep it."""

REMEDY = 'put another pair of quotes around the whole value, as in \'NAME="a b"\', or send it on standard input ("help config set")'


def split(text: str) -> list[str]:
    """The words of a line. Raises BadCommand, without a word of it, for what cannot be taken as it was meant."""
    if '\0' in text:
        raise BadCommand('the command has a zero byte in it')
    for number, raw in enumerate(_raw_words(text), 1):
        if why := _changed(raw):
            raise BadCommand(f'word {number} {why}; {REMEDY}')
    return shlex.split(text)


def _raw_words(text: str) -> list[str]:
    raw = WORD.findall(text)
    left = WORD.sub('', text)
    if left.strip(' \t\r\n'):
        raise BadCommand(f'a quote is not closed; {REMEDY}')
    if CONTROL.search(left):
        raise BadCommand(f'the command has control characters between its words; {REMEDY}')
    return raw


def _changed(raw: str) -> str:
    """What quoting would take from a word that its writer may not expect; empty if nothing."""
    pieces = PIECE.findall(raw)
    plain = ''.join(piece for piece in pieces if piece[0] not in '\'"\\')
    if CONTROL.search(plain):
        return 'has control characters in it'
    if any(map(INNOCENT.fullmatch, pieces)):
        return 'has a backslash that a shell would take away'
    quoted = any(piece[0] in '\'"' for piece in pieces)
    if quoted and plain and not (NAME.fullmatch(plain) and raw.startswith(plain)):
        return 'has quotes that a shell would take away'
    return ''
