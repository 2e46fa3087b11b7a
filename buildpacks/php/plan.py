"""PHP apps: composer.json or index.php; nginx and PHP-FPM serve them, Composer installs what they need."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.manifest import at, read_json_object, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES
from .ranges import admits

MANIFEST, LOCK = 'composer.json', 'composer.lock'
PLACES = ('index.php', 'public/index.php', 'web/index.php')
MARKERS = (MANIFEST, PLACES[0])
ORDER = 41
ASSETS = 'detected'
INSTALL_ENV = ('COMPOSER*', 'PHP_*')
ALONE = 'add a composer.json with "{}" in it, which marks a PHP app whose pages are not at the root'
HINTS = {LOCK: f'commit the {MANIFEST} that belongs to {LOCK}', **dict.fromkeys(PLACES[1:], ALONE)}
ADDITION = 'php'
ELSEWHERE = re.compile(r'\b(?P<name>heroku-php-(?:apache2|nginx))\b(?P<option>[ \t]+-\S{1,40})?')
"""The programs that serve in Procfiles for Heroku: "serve-php" goes by these names too, but has no options."""


def detect(source: Source) -> str | None:
    """composer.json or a page at the root, whichever is there."""
    return next((name for name in MARKERS if source.exists(name)), None)


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built and served. Raises DetectError for what cannot be."""
    manifest = read_json_object(source, MANIFEST) if source.exists(MANIFEST) else {}
    composer = source.exists(MANIFEST)
    _check_lock(source, manifest)
    processes, processes_from = _processes(source)
    return Plan(
        buildpack='php',
        title='PHP',
        reason=detect(source) or MANIFEST,
        choices=(_version(stack, manifest),),
        values={
            'bases': (stack.addition(ADDITION),),
            'composer': composer,
            'manifests': tuple(name for name in (MANIFEST, LOCK, 'auth.json') if source.exists(name)),
            'tree_first': composer and _needs_tree(source, manifest),
            'compile': bool(at(manifest, 'scripts', 'compile')),
            'names': _names(source),
            'needs_source_version': composer,
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source)),
    )


def _version(stack: Stack, manifest: Mapping[str, object]) -> Choice:
    """The stack's PHP. Raises DetectError if composer.json admits no such version."""
    if not stack.phps:
        raise DetectError(f'the stack {stack.name} has no PHP, and its sysadmin cannot add it')
    asked = at(manifest, 'require', 'php')
    if isinstance(asked, str) and not admits(asked, stack.phps[-1]):
        raise DetectError(
            f'{MANIFEST} asks for PHP {ascii(asked)[1:-1][:60]}, and the stack {stack.name} has {stack.phps[-1]}: '
            'change "php" in its "require", or the stack ("stack set APP STACK")'
        )
    shown = f'; {MANIFEST} asks for {ascii(asked)[1:-1][:60]}' if isinstance(asked, str) else ''
    return Choice(tool='PHP', wanted=stack.phps[-1], source=f'of {stack.name}{shown}')


def _check_lock(source: Source, manifest: Mapping[str, object]) -> None:
    wanted = manifest.get('require')
    if not isinstance(wanted, Mapping) and wanted not in (None, []):
        raise DetectError(f'"require" in {MANIFEST} is no object: correct it or remove it')
    packages = [name for name in wanted or () if '/' in name]
    if packages and not source.exists(LOCK):
        raise DetectError(
            f'there is no {LOCK}: run "composer update", take it out of .gitignore, and commit it'
        )


def _needs_tree(source: Source, manifest: Mapping[str, object]) -> bool:
    """Whether installing needs more than the manifests: packages in the app itself, plugins' files, a vendor directory."""
    listed = manifest.get('repositories')
    repositories = list(listed.values()) if isinstance(listed, Mapping) else listed
    found = repositories if isinstance(repositories, list) else []
    local = any(at(one, 'type') in ('path', 'artifact') for one in found if isinstance(one, Mapping))
    return local or bool(source.glob('vendor/*') or source.glob('patches/*'))


def _processes(source: Source) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    place = next(filter(source.exists, PLACES), '')
    if not place:
        raise DetectError(
            f'nothing says what is served (looked for {", ".join(PLACES)}): add one, or a Procfile with "web: serve-php DIRECTORY"'
        )
    folder = place.rpartition('/')[0]
    command = f'serve-php {folder}'.strip()
    return (ProcessType(name='web', command=command),), f'No Procfile, so the default for PHP ({place})'


def _names(source: Source) -> tuple[str, ...]:
    """The other names of ``serve-php`` in the Procfile."""
    if not source.exists('Procfile'):
        return ()
    found = list(ELSEWHERE.finditer(read_text(source, 'Procfile')))
    for match in found:
        if match['option']:
            raise DetectError(
                f'the Procfile starts {match["name"]} with the option {ascii(match["option"].strip())[1:-1]}, and nginx and '
                'PHP-FPM are set up here: write "web: serve-php public" (or another directory)'
            )
    return tuple(sorted({match['name'] for match in found}))


def _notes(source: Source) -> Iterable[str]:
    for name in _names(source):
        yield f'{name} is serve-php here: nginx serves the pages, and no .htaccess is read.'
    if source.exists(MANIFEST) and source.glob('vendor/*'):
        yield 'vendor is in the repository, and Composer changes it to what composer.lock says: "git rm -r --cached vendor" and add it to .gitignore.'
