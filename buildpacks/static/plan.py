"""Static sites: files that nginx serves as they are."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.manifest import CONFLICT, plain_path, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from gitreceive.model.process import ProcessType

STATICFILE = 'Staticfile'
PLACES = ('index.html', 'public/index.html', 'dist/index.html')
MARKERS = (STATICFILE, *PLACES)
ORDER = 60
ASSETS = 'asked'
PROGRAM = False

HINTS = {
    'index.htm': 'rename index.htm to index.html',
    'staticfile': 'rename staticfile to Staticfile',
    'static.json': 'write a Staticfile ("root: DIRECTORY", "pushstate: enabled") instead of static.json',
}

SETTING = re.compile(r'(?P<name>[\w-]{1,40})\s*:\s*(?P<value>[^#]*?)\s*(?:#.*)?')
SWITCHES = ('pushstate', 'force_https')
ON = ('enabled', 'true', 'yes', 'on')
OFF = ('disabled', 'false', 'no', 'off', '')

NODE = 'package.json'
"""Beside it, what is served may be made by a build."""

CAUSES = (
    (
        r'^(nothing has made [^\n]{1,300})',
        r'\g<1>\nName the directory that the build makes as "root" in the Staticfile, and Node.js before the site in .buildpacks ("node", "static").',
    ),
    (
        r'/usr/sbin/nginx.{0,80}No such file',
        'the stack has no nginx\nIts sysadmin should build it again (gitreceive stack build).',
    ),
)


def detect(source: Source) -> str | None:
    """A Staticfile; or an index.html where sites have it, if no Procfile says that the app is something else."""
    if source.exists(STATICFILE):
        return STATICFILE
    if source.exists('Procfile'):
        return None
    return next((name for name in PLACES if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the site is served. Raises DetectError for a Staticfile that cannot be used, or without files to serve."""
    settings = _settings(source)
    root = _root(source, settings)
    built = not _has_files(source, root)
    options = [name.replace('_', '-') for name in SWITCHES if _on(settings, name)]
    if built or source.exists(_inside(root, '404.html')):
        options.append('not-found')
    return Plan(
        buildpack='static',
        title='Static site',
        reason=detect(source) or STATICFILE,
        values={
            'root': root,
            'options': tuple(options),
            'built': built,
            'only': (root, 'check-root') if built else (),
        },
        processes=(ProcessType(name='web', command='serve-static'),),
        processes_from='The site is served by nginx',
        notes=(*_notes(source, root, settings, built), *_about_build(source, root, settings, built)),
    )


def _settings(source: Source) -> Mapping[str, str]:
    """The lines ``name: value`` of the Staticfile, which may be empty."""
    found: dict[str, str] = {}
    text = read_text(source, STATICFILE) if source.exists(STATICFILE) else ''
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith('#') or line == '---':
            continue
        match = None if CONFLICT.match(line) else SETTING.fullmatch(line)
        if not match:
            shown = ascii(line[:60])[1:-1]
            raise DetectError(
                f'Staticfile, line {number}: "{shown}" is not "name: value"; write for example "root: public"'
            )
        found[match['name']] = match['value'].strip('"\'')
    return found


def _root(source: Source, settings: Mapping[str, str]) -> str:
    """The directory of the site, ``.`` for the whole tree."""
    asked = settings.get('root', '').removeprefix('./').rstrip('/')
    if asked and asked != '.':
        if not plain_path(asked):
            shown = ascii(asked[:60])[1:-1]
            raise DetectError(
                f'"root: {shown}" in the Staticfile is no directory of the app: use letters, digits, ".", "_", "-" and "/"'
            )
        if not _has_files(source, asked) and not source.exists(NODE):
            raise DetectError(
                f'"root: {asked}" in the Staticfile has no files in this commit: commit what is to be served, or correct it'
            )
        return asked
    if 'root' in settings:
        return '.'
    place = next((name for name in PLACES if source.exists(name)), '')
    return place.rpartition('/')[0] or '.'


def _has_files(source: Source, folder: str) -> bool:
    return folder == '.' or any(source.glob(f'{folder}/{pattern}') for pattern in ('*', '*/*', '*/*/*'))


def _on(settings: Mapping[str, str], name: str) -> bool:
    value = settings.get(name, '').lower()
    if value not in (*ON, *OFF):
        shown = ascii(value[:40])[1:-1]
        raise DetectError(f'"{name}: {shown}" in the Staticfile: write "enabled" or "disabled"')
    return value in ON


def _inside(root: str, name: str) -> str:
    return name if root == '.' else f'{root}/{name}'


def _notes(source: Source, root: str, settings: Mapping[str, str], built: bool) -> Iterable[str]:
    yield 'The whole repository is served.' if root == '.' else f'{root}/ is served.'
    if not built and not source.exists(_inside(root, 'index.html')):
        yield f'There is no {_inside(root, "index.html")}: the address "/" will answer "not found".'
    unknown = sorted(set(settings) - {'root', *SWITCHES})
    if unknown:
        yield f'The Staticfile has settings that are not used: {", ".join(unknown[:8])}.'


def _about_build(source: Source, root: str, settings: Mapping[str, str], built: bool) -> Iterable[str]:
    if built:
        yield f'{root}/ is not in this commit: the build has to make it.'
    elif source.exists(NODE) and 'root' not in settings:
        yield f'If a build makes the site ({NODE}), name its directory in a Staticfile: "root: dist".'
    if source.exists('static.json'):
        yield 'static.json is not read: a Staticfile says the same ("root: DIRECTORY", "pushstate: enabled").'
