"""Sites that a build makes of package.json: which tool makes them, where it puts them, and whether they are one page.

The places are each tool's own default, or what its configuration says in plain words; nothing of the app is run.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import at, plain_path, read_jsonc_object, read_text, table
from gitreceive.build.ports import Source
from gitreceive.model.errors import SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site that ``tool`` makes in the directory ``root``; ``fallback``: unknown addresses get its one page."""

    tool: str
    root: str
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """A tool: its package, its name, the words that start its development server, and where its files go."""

    package: str
    tool: str
    serves: str
    root: Callable[[Source], str]
    fallback: bool = False


SERVERS = frozenset(
    (
        'express',
        'fastify',
        'koa',
        'hono',
        'polka',
        '@nestjs/core',
        '@angular/ssr',
        '@astrojs/node',
        '@hapi/hapi',
        '@react-router/serve',
        '@remix-run/node',
        '@remix-run/serve',
        '@sveltejs/adapter-auto',
        '@sveltejs/adapter-node',
        'nuxt',
        'serve',
        'vinxi',
    )
)
"""An app that depends on one of these answers by itself."""

CONFIGS = ('js', 'ts', 'mjs', 'mts', 'cjs', 'cts')
OUT = re.compile(r"""\boutDir\s*:\s*['"](?:\./)?([\w./-]{1,200})/?['"]""", re.ASCII)
ASTRO_SERVER = re.compile(r"""\boutput\s*:\s*['"](?:server|hybrid)['"]""")
NEXT_EXPORT = re.compile(r"""\boutput\s*:\s*['"]export['"]""")
ANGULAR_BROWSER = re.compile(r'@angular(?:-devkit)?/build(?:-angular)?:application$')


def built_site(source: Source, package: Mapping[str, object]) -> Site | None:
    """The site that the app's ``build`` script makes, if the app has no program of its own that serves it.

    Raises DetectError for scripts or dependencies of package.json that are none.
    """
    scripts = table(package, 'scripts', 'package.json')
    wanted = {
        **table(package, 'devDependencies', 'package.json'),
        **table(package, 'dependencies', 'package.json'),
    }
    if not scripts.get('build') or SERVERS.intersection(wanted) or source.exists('server.js'):
        return None
    for maker in MAKERS:
        if maker.package in wanted:
            root = maker.root(source) if _only_develops(scripts.get('start', ''), maker) else ''
            return Site(tool=maker.tool, root=root, fallback=maker.fallback) if plain_path(root) else None
    return None


def _only_develops(start: str, maker: Maker) -> bool:
    """Whether ``npm start`` runs the tool's development server, or nothing."""
    return not start or bool(re.fullmatch(rf'(?:npx )?(?:{maker.serves})(?: [\w=./:-]+)*', start.strip()))


def _configured(source: Source, stem: str) -> str:
    """The text of ``stem.config.js`` or the like; empty if there is none."""
    names = (f'{stem}.config.{ending}' for ending in CONFIGS)
    found = next((name for name in names if source.exists(name)), '')
    try:
        return read_text(source, found) if found else ''
    except SourceError:
        return ''


def _fixed(root: str) -> Callable[[Source], str]:
    return lambda source: root


def _vite(source: Source) -> str:
    match = OUT.search(_configured(source, 'vite'))
    return match[1] if match else 'dist'


def _astro(source: Source) -> str:
    text = _configured(source, 'astro')
    match = OUT.search(text)
    return '' if ASTRO_SERVER.search(text) else match[1] if match else 'dist'


def _next(source: Source) -> str:
    return 'out' if NEXT_EXPORT.search(_configured(source, 'next')) else ''


def _svelte(source: Source) -> str:
    return 'build' if '@sveltejs/adapter-static' in _configured(source, 'svelte') else ''


def _angular(source: Source) -> str:
    """``outputPath`` of the only or default project (https://angular.dev/reference/configs/workspace-config)."""
    if not source.exists('angular.json'):
        return ''
    workspace = read_jsonc_object(source, 'angular.json')
    projects = at(workspace, 'projects')
    named = at(workspace, 'defaultProject')
    names = [*projects] if isinstance(projects, Mapping) else []
    name = named if isinstance(named, str) else names[0] if len(names) == 1 else ''
    build = at(workspace, 'projects', name, 'architect', 'build') if name else None
    if not isinstance(build, Mapping):
        return ''
    inside = 'browser' if ANGULAR_BROWSER.search(str(build.get('builder'))) else ''
    output = at(build, 'options', 'outputPath') or f'dist/{name}'
    if isinstance(output, Mapping):
        inside = str(output.get('browser', inside))
        output = output.get('base', f'dist/{name}')
    return '/'.join(part for part in (str(output).strip('/').removeprefix('./'), inside) if part)


MAKERS: Sequence[Maker] = (
    Maker(package='@angular/core', tool='Angular', serves='ng serve', root=_angular, fallback=True),
    Maker(
        package='react-scripts',
        tool='Create React App',
        serves='react-scripts start',
        root=_fixed('build'),
        fallback=True,
    ),
    Maker(
        package='@vue/cli-service',
        tool='Vue CLI',
        serves='vue-cli-service serve',
        root=_fixed('dist'),
        fallback=True,
    ),
    Maker(package='gatsby', tool='Gatsby', serves='gatsby (?:develop|serve)', root=_fixed('public')),
    Maker(package='astro', tool='Astro', serves='astro (?:dev|preview)', root=_astro),
    Maker(
        package='@docusaurus/core',
        tool='Docusaurus',
        serves='docusaurus (?:start|serve)',
        root=_fixed('build'),
    ),
    Maker(
        package='@11ty/eleventy', tool='Eleventy', serves='(?:@11ty/)?eleventy --serve', root=_fixed('_site')
    ),
    Maker(
        package='@sveltejs/kit',
        tool='SvelteKit',
        serves='vite(?: dev| preview)?',
        root=_svelte,
        fallback=True,
    ),
    Maker(package='next', tool='Next.js', serves='next dev', root=_next),
    Maker(package='vite', tool='Vite', serves='vite(?: dev| serve| preview)?', root=_vite, fallback=True),
    Maker(package='parcel', tool='Parcel', serves='parcel(?: serve)?', root=_fixed('dist'), fallback=True),
)
"""The tools; the more particular come first, as many of them stand on Vite."""
