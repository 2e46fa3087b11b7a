"""Which config vars the steps that install packages get: those that they can use. Pure.

A step is run again when what it gets has changed. With all config vars, each change of any of them installed
everything again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from gitreceive.build.ports import Source
from gitreceive.model.errors import SourceError

MORE = 'INSTALL_ENV'
"""The config var that names more of them, for packages whose own scripts look at others."""

ALWAYS = (
    *('HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'),
    *('SSL_CERT_*', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'TZ', 'LANG', 'LC_*'),
    *('CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'MAKEFLAGS', 'PKG_CONFIG*', 'CMAKE_*'),
    MORE,
)
"""What compilers and clients of all kinds look at; ``*`` stands for any end of a name."""

FILES = (
    *('.npmrc', '.yarnrc', '.yarnrc.yml', 'package.json', 'bunfig.toml', 'deno.json', 'deno.jsonc'),
    *('requirements.txt', 'pip.conf', 'pyproject.toml', 'Pipfile', 'uv.toml', 'poetry.toml', 'setup.py'),
    *('Gemfile', '.bundle/config', 'composer.json', 'auth.json'),
)
"""Manifests that may name variables, in whatever form: ``${NPM_TOKEN}``, ``ENV["GEM_KEY"]``."""

LARGEST = 1_000_000


def install_names(
    source: Source, env: Mapping[str, str], patterns: Iterable[str], manifests: Sequence[str] = ()
) -> frozenset[str]:
    """The names of those config vars: by ``patterns`` of the platform, by what manifests name, by ``INSTALL_ENV``."""
    fitting = [pattern for pattern in (*ALWAYS, *patterns, *env.get(MORE, '').replace(',', ' ').split())]
    named = _words(source, {*FILES, *manifests})
    return frozenset(
        name for name in env if name in named or any(_fits(name, pattern) for pattern in fitting)
    )


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith('*') else name == pattern


def _words(source: Source, files: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for path in files:
        if source.exists(path):
            try:
                text = source.read(path, LARGEST).decode('utf-8', 'replace')
            except SourceError:
                continue
            found.update(re.findall(r'[A-Za-z_]\w*', text, re.ASCII))
    return frozenset(found)
