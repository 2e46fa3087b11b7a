"""The host's own apt sources, reduced to Debian's for one release. Pure text in, text out (sources.list(5))."""

import re
from collections.abc import Iterable, Iterator, Mapping

DEBIANS_KEYS = 'debian-archive'
"""How Debian's own key rings begin; a third party signs with its own, whatever its archive is called."""

ARCHIVES = re.compile(r'/debian(-security)?/*$')
"""How the address of a mirror of Debian ends, for sources that do not say who signs them."""

ONE_LINE = re.compile(
    r'deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)'
)
COMPONENTS = ('main', 'contrib', 'non-free', 'non-free-firmware')
KEPT = re.compile(r'Acquire::(https?|ForceIPv[46]|Check-Valid-Until|Check-Date|Retries|tor|socks)(::| )')
OPTIONS = {'signed-by': 'Signed-By', 'trusted': 'Trusted', 'check-valid-until': 'Check-Valid-Until'}


def debian_sources(files: Mapping[str, str], suite: str, release: str = '') -> str:
    """deb822 text with those stanzas of ``files`` (name to content) that are Debian's own for ``suite``.

    Kept are ``suite``, ``suite-updates`` and ``suite-security`` of archives that Debian signs. Backports, other
    releases and third-party archives are left out. If nothing is left, the sources of ``release`` (the host's own)
    serve, with ``suite`` in its place: a mirror of Debian has all releases that Debian supports. Empty if there are
    none either.
    """
    found = _stanzas(files, suite)
    if not found and release:
        found = [_of_another_release(stanza, release, suite) for stanza in _stanzas(files, release)]
    return '\n'.join(found)


def _stanzas(files: Mapping[str, str], suite: str) -> list[str]:
    stanzas: list[str] = []
    for name, content in sorted(files.items()):
        found = _deb822(content) if name.endswith('.sources') else _one_line(content)
        for fields in found:
            kept = _debian_only(fields, suite)
            if kept and kept not in stanzas:
                stanzas.append(kept)
    return stanzas


def _of_another_release(stanza: str, release: str, suite: str) -> str:
    """The stanza for another release; whatever key ring it names, Debian's keys for that release are in the host's."""
    named = re.sub(rf'\b{re.escape(release)}(?=[ \n-])', suite, stanza.partition('Suites:')[2])
    return re.sub(r'(?m)^Signed-By:.*\n', '', f'{stanza.partition("Suites:")[0]}Suites:{named}')


def acquire_settings(dump: str) -> str:
    """The lines of ``apt-config dump`` that tell how archives are reached: proxies, certificates, dates, retries."""
    return ''.join(
        f'{line}\n' for line in dump.splitlines() if KEPT.match(line) and not line.endswith(' "";')
    )


def _debian_only(fields: Mapping[str, str], suite: str) -> str:
    if (
        fields.get('Enabled', 'yes').lower() in ('no', 'false', '0')
        or 'deb' not in fields.get('Types', '').split()
    ):
        return ''
    uris = [uri for uri in fields.get('URIs', '').split() if _debians(uri, fields.get('Signed-By', ''))]
    suites = [one for one in fields.get('Suites', '').split() if one in _suites(suite)]
    components = [one for one in fields.get('Components', '').split() if one in COMPONENTS]
    if not (uris and suites and components):
        return ''
    kept = {
        'Types': 'deb',
        'URIs': ' '.join(uris),
        'Suites': ' '.join(suites),
        'Components': ' '.join(components),
    }
    kept |= {name: fields[name] for name in OPTIONS.values() if name in fields}
    return ''.join(f'{name}: {value}\n' for name, value in kept.items())


def _debians(uri: str, signed_by: str) -> bool:
    return DEBIANS_KEYS in signed_by if signed_by else bool(ARCHIVES.search(uri))


def _suites(suite: str) -> Iterable[str]:
    return (suite, f'{suite}-updates', f'{suite}-security')


def _deb822(content: str) -> Iterator[Mapping[str, str]]:
    names = {
        name.lower(): name for name in ('Types', 'URIs', 'Suites', 'Components', 'Enabled', *OPTIONS.values())
    }
    for stanza in re.split(r'\n\s*\n', content):
        fields: dict[str, str] = {}
        name = ''
        for line in stanza.splitlines():
            if line.startswith('#'):
                continue
            if line[:1].isspace():
                fields[name] = f'{fields.get(name, "")}\n{line.rstrip()}'
                continue
            key, _, value = line.partition(':')
            name = names.get(key.strip().lower(), key.strip())
            fields[name] = value.strip()
        yield fields


def _one_line(content: str) -> Iterator[Mapping[str, str]]:
    for line in content.splitlines():
        match = ONE_LINE.fullmatch(line.partition('#')[0].strip())
        if match:
            given = dict(pair.split('=', 1) for pair in (match['options'] or '').split() if '=' in pair)
            options = {OPTIONS[key.lower()]: value for key, value in given.items() if key.lower() in OPTIONS}
            yield {
                'Types': 'deb',
                'URIs': match['uri'],
                'Suites': match['suite'],
                'Components': match['components'],
                **options,
            }
