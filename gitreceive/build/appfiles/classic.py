"""Classic buildpacks: which ones an app asks for, and what a build does with them.

A classic buildpack is a directory with ``bin/detect``, ``bin/compile`` and perhaps ``bin/release``
(https://devcenter.heroku.com/articles/buildpack-api). All of it runs in the build's container, and it is fetched there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gitreceive.build.addresses import is_url, refuse_address
from gitreceive.build.appfiles.manifest import read_json_object, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack

NO_INTERPRETER = (
    'a script cannot be started: the program in its first line ("#!...") is not there, mostly because its lines end as in '
    'Windows\nSave it with LF at the ends of lines ("* text=auto eol=lf" in .gitattributes, then "git add --renormalize .").'
)
"""The cause and the remedy, whatever starts the script."""

SETTING = 'BUILDPACK_URL'
FILE = '.buildpacks'
MOST = 20
HOME = '/app'
HEROKUS = re.compile(r'/heroku-buildpack-(\w+)(?:\.git)?(?:#|$)|/heroku/(\w+)\.tgz$', re.ASCII)
"""Where Heroku keeps its buildpacks: repositories, and archives."""

OFFICIAL = re.compile(
    r'(?:https?|git|ssh)://(?:git@)?github\.com/heroku/heroku-buildpack-(\w+?)(?:\.git)?/?(?:#.{0,100})?'
    r'|https://buildpack-registry\.s3\.amazonaws\.com/buildpacks/heroku(?:-buildpacks)?/(\w+)\.tgz'
    r'|https://(?:codon|buildpack)[\w-]*\.s3\.amazonaws\.com/buildpacks/heroku/(\w+)\.tgz',
    re.ASCII,
)
"""The addresses of Heroku's own buildpacks, as its documentation has and had them."""

OF_EVERY_PLATFORM = ('apt',)
"""Buildpacks whose work is done here whatever the platform: an Aptfile counts for each of them."""

ALIASES = {'nodejs': 'node', 'jvm': 'java', 'gradle': 'java'}
"""What platforms are called elsewhere (``heroku/nodejs``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The buildpacks that somebody asks for, in order: names, URLs, or ``.`` for the app's own ``bin/``; and where."""

    names: tuple[str, ...]
    where: str


def asked_for(source: Source, env: Mapping[str, str]) -> Asked | None:
    """What the app's config var asks for; else, unless there is a Dockerfile, what its files do; None for detection.

    Raises DetectError for files that cannot be read.
    """
    wanted = env.get(SETTING, '').strip()
    if wanted and platform_name(wanted) not in OF_EVERY_PLATFORM:
        return Asked(names=(wanted,), where=SETTING)
    if source.exists('Dockerfile'):
        return None
    for where, find in ((FILE, _from_file), ('app.json', _from_app_json), ('bin/compile', _inline)):
        names = tuple(name for name in find(source) if platform_name(name) not in OF_EVERY_PLATFORM)
        if len(names) > MOST:
            raise DetectError(f'{where} asks for {len(names)} buildpacks; at most {MOST} are used')
        if names:
            return Asked(names=names, where=where)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classics:
    """Plans with classic buildpacks. ``own`` are the sysadmin's, by name; ``hosts`` are those that may be fetched from.

    ``platforms`` are what an app might have meant instead.
    """

    MARKERS: ClassVar[tuple[str, ...]] = (FILE,)
    CAUSES: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            r'(?:cannot execute: required file not found|\\r.: No such file or directory)[\s\S]*^the buildpack [^\n]{1,800} failed',
            NO_INTERPRETER,
        ),
        (
            r'^(the buildpack [^\n]{1,800} failed \(bin/\w{1,20}, exit 137\))',
            r'\g<1>: it was killed, most likely for want of memory\nMake it need less, or ask the sysadmin for more memory for builds.',
        ),
        (
            r'^(the buildpack [^\n]{1,800} failed \([^\n]{1,60}\))',
            r'\g<1>\nWhat it printed itself, above, says why.',
        ),
        (
            r'^(the buildpack [^\n]{1,800} does not recognise this app \([^\n]{1,60}\))',
            r'\g<1>\nAdd what it looks for, or take it away where the app asks for its buildpacks ("detected" above names the place).',
        ),
        (
            r'^(the buildpack [^\n]{1,800})',
            r'\g<1>\nCorrect it, or what the app asks for ("detected" above names the place).',
        ),
    )
    HINTS: ClassVar[Mapping[str, str]] = MappingProxyType({})
    own: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    def detect(self, source: Source) -> str | None:
        """Never: classic buildpacks look at an app in the build, so they have to be asked for."""
        return None

    def plan(self, source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
        """Raises DetectError for what is neither a URL that may be used nor a name that is known."""
        asked = asked_for(source, env)
        assert asked
        order: list[str] = []
        fetched: list[str] = []
        for name in asked.names:
            if name == '.':
                order.append('inline')
            elif name in self.own:
                order.append(f'own/{name}')
            else:
                fetched.append(self._checked(name, asked.where))
                order.append(f'fetched/{len(fetched)}')
        return Plan(
            buildpack='classic',
            title='Classic buildpack',
            reason=asked.where,
            values={
                'fetched': tuple(fetched),
                'order': tuple(order),
                'directory': HOME,
                'needs_source_version': True,
            },
            processes_from='The buildpack',
            notes=tuple(_notes(asked.names, fetched)),
        )

    def _checked(self, url: str, where: str) -> str:
        shown = ascii(url[:100])[1:-1]
        if not is_url(url):
            known = ', '.join((*self.own, *self.platforms))
            raise DetectError(
                f'{where} asks for the buildpack "{shown}", which is no URL of one: https://HOST/PATH, '
                f'with #BRANCH if need be, or a .tgz{known and f"; the names of this receiver: {known}"}'
            )
        try:
            refuse_address(url, self.hosts, f'the buildpack of {where}', 'builds.buildpack_hosts')
        except DetectError as error:
            raise DetectError(f'{error}{self._instead(url)}') from error
        return url

    def _instead(self, url: str) -> str:
        """The platform that does what Heroku's own buildpack at ``url`` does, told; empty if there is none."""
        match = HEROKUS.search(url)
        name = platform_name(match[1] or match[2]) if match else ''
        return f'\nThis receiver has a platform of its own for it: "{name}"' if name in self.platforms else ''


def platform_name(name: str) -> str:
    """``heroku/nodejs`` as ``node``, and so is the address of Heroku's own buildpack."""
    official = OFFICIAL.fullmatch(name)
    if official:
        short = official[1] or official[2] or official[3]
        return ALIASES.get(short, short)
    short = name.removeprefix('urn:buildpack:').removeprefix('heroku/').removeprefix('heroku-community/')
    return ALIASES.get(short, short)


def in_home(command: str, directory: object) -> str:
    """A process's command in the directory that its platform runs it in. Pure."""
    return f'cd {directory} && {command}' if directory else command


def _from_file(source: Source) -> Sequence[str]:
    if not source.exists(FILE):
        return ()
    lines = (line.strip() for line in read_text(source, FILE).splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def _from_app_json(source: Source) -> Sequence[str]:
    if not source.exists('app.json'):
        return ()
    found = read_json_object(source, 'app.json').get('buildpacks') or []
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get('url'), str) for one in found
    ):
        raise DetectError(
            '"buildpacks" in app.json is not a list of objects with "url": correct or remove it'
        )
    return [str(one['url']) for one in found]


def _inline(source: Source) -> Sequence[str]:
    return ('.',) if source.exists('bin/detect') and source.exists('bin/compile') else ()


def _notes(names: Sequence[str], fetched: Sequence[str]) -> Iterator[str]:
    yield f'Buildpacks, in this order: {", ".join("the app itself (bin/)" if name == "." else name for name in names)}'
    for url in fetched:
        if '#' not in url:
            yield f'{url} is fetched once and kept; "-o nocache" fetches it again. Append #COMMIT to say which one is meant.'
