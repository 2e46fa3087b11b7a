"""What the objects of slugs in storage are called.

``APP/<sha256>.tgz`` is the whole slug, ``APP/<sha256>.json`` says what it is made of, and two more files tell about it.
Its chunks, ``APP/members/<sha256>.gz``, are shared by the slugs of the app.
"""

import re

from gitreceive.model.app import AppName

KINDS = WHOLE, FACTS, SBOM, PROVENANCE = '.tgz', '.json', '.sbom.json', '.provenance.json'
"""The slug itself, beside its chunks, and what is told about it."""

_KINDS = '|'.join(map(re.escape, KINDS))
OBJECT = re.compile(rf'(?P<app>[a-z][a-z0-9-]{{0,29}})/(members/[0-9a-f]{{64}}\.gz|[0-9a-f]{{64}}({_KINDS}))')
"""The names of all objects that a receiver makes."""


def slug_name(app: AppName, sha256: str, kind: str = WHOLE) -> str:
    """What an object of a slug is called. Pure."""
    return f'{app}/{sha256}{kind}'


def chunk_name(app: AppName, sha256: str) -> str:
    """Where a chunk lies in storage. Pure."""
    return f'{app}/members/{sha256}.gz'


def is_of_slugs(object_name: str, app: AppName) -> bool:
    """Whether the receiver made an object of that name for the app."""
    match = OBJECT.fullmatch(object_name)
    return match is not None and match['app'] == app
