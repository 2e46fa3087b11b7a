"""Generates config vars: secrets that an app needs, and that no person has to know."""

import secrets
from collections.abc import Iterable, Mapping


def generate_config(names: Iterable[str], config: Mapping[str, str]) -> dict[str, str]:
    """64 random hexadecimal digits for each of ``names`` that ``config`` lacks."""
    return {name: secrets.token_hex(32) for name in names if name not in config}
