"""Which config vars hold a secret, and how that may be written in a file. Pure.

A config var is not a secret because it is one: ``NODE_ENV=production`` stands in every app. A value counts as secret
by its name, by the password in its URL, or because it looks drawn at random; and never when the name says that it is
meant for the public.
"""

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

SHORTEST = 8
"""Characters; what is shorter stands in many files by chance."""

LONGEST = 1000
"""Bytes of a value that are looked for: enough to know it by."""

NAMED = re.compile(
    r'(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY)S?(_|$)|(^|_)(KEY|KEYS|KEY_BASE|PASS|PWD|SALT)$',
    re.IGNORECASE,
)
ABOUT = re.compile(
    r'_(NAME|ID|UR[LI]|PATH|FILE|DIR|HEADER|TTL|LENGTH|SIZE|EXPIRY|EXPIRES|SECONDS|MINUTES|ALGORITHM|ISSUER|AUDIENCE'
    r'|TYPE|PREFIX|ENABLED|COUNT|LIMIT)$',
    re.IGNORECASE,
)
"""``PASSWORD_MIN_LENGTH`` says something about a secret and is none."""

PUBLIC = re.compile(
    r'(^|_)(PUBLIC|PUBLISHABLE)(_|$)|^(VITE|REACT_APP|VUE_APP|GATSBY|EXPO_PUBLIC)_', re.IGNORECASE
)
"""Names that bundlers put into the code of browsers on purpose."""

RUN = re.compile('[A-Za-z0-9]{16,}')
KINDS = ('[a-z]', '[A-Z]', '[0-9]', '[^A-Za-z0-9]')


def secret_forms(config: Mapping[str, str]) -> dict[bytes, str]:
    """The bytes to look for, each with the config var that it gives away.

    Beside the value itself: its forms in URLs and JSON, and its base64 at any place within a longer one.
    """
    forms: dict[bytes, str] = {}
    for name, value in sorted(config.items()):
        for secret in _secrets(name, value):
            for form in _forms(secret):
                if len(form) >= SHORTEST:
                    forms.setdefault(form[:LONGEST], name)
    return forms


def _secrets(name: str, value: str) -> Iterator[str]:
    if len(value) < SHORTEST or PUBLIC.search(name):
        return
    password = _password(value)
    if password:
        yield value
        yield from {text for text in (password, unquote(password)) if _telling(text)}
    elif _drawn(value) or (NAMED.search(name) and not ABOUT.search(name) and _telling(value)):
        yield value


def _password(value: str) -> str | None:
    """The password of a URL."""
    try:
        return urlsplit(value).password if '://' in value else None
    except ValueError:
        return None


def _telling(value: str) -> bool:
    """Whether finding it says something: not a word (``development``), a number, a path or a URL."""
    if len(value) < SHORTEST or value.startswith(('/', './', '~/')) or '://' in value:
        return False
    return len(value) >= 2 * SHORTEST or sum(bool(re.search(kind, value)) for kind in KINDS) > 1


def _drawn(value: str) -> bool:
    """Whether part of it looks drawn at random: 16 or more letters and digits in one run, mixed and of many kinds."""
    return any(_mixed(run) and _entropy(run) >= 3 for run in RUN.findall(value))


def _mixed(run: str) -> bool:
    digits = sum(letter.isdigit() for letter in run)
    return 3 <= digits <= len(run) - 3


def _entropy(text: str) -> float:
    """Bits for each character (Shannon)."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode('utf-8', 'surrogateescape')
    found = {raw, json.dumps(secret)[1:-1].encode(), quote(raw, safe='').encode()}
    for shift in range(3):
        plain = _within_base64(raw, shift)
        found |= {plain, plain.translate(bytes.maketrans(b'+/', b'-_'))}
    return found


def _within_base64(raw: bytes, shift: int) -> bytes:
    """The characters that ``raw`` alone decides when it begins ``shift`` bytes behind a group of three (RFC 4648, 4)."""
    encoded = base64.b64encode(bytes(shift) + raw)
    whole, rest = divmod(shift + len(raw), 3)
    return encoded[(0, 2, 3)[shift] : whole * 4 + rest]
