"""Which package manager an app uses, and which version: packageManager, else its lock file, else engines, else npm."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import nodesemver

from gitreceive.build.appfiles.manifest import conflict, read_json_object, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

from .versions import LATEST, is_range, wanted_range

LOCKS = {
    'package-lock.json': 'npm',
    'npm-shrinkwrap.json': 'npm',
    'yarn.lock': 'yarn',
    'pnpm-lock.yaml': 'pnpm',
    'bun.lock': 'bun',
    'bun.lockb': 'bun',
}
"""Lock files, and the package manager that writes each."""

TITLES = {'npm': 'npm', 'yarn': 'Yarn', 'pnpm': 'pnpm', 'bun': 'Bun'}
EXAMPLES = {'npm': '"11.x"', 'yarn': '"4.x"', 'pnpm': '"10.x"'}

PIN = re.compile(r'([a-z]{1,20})@(\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\w.-]{1,60})?)(?:\+(.{1,200}))?', re.ASCII)
HASH = re.compile(r'(sha1|sha224|sha256|sha384|sha512)\.([0-9a-f]+)', re.ASCII)
DIGITS = {'sha1': 40, 'sha224': 56, 'sha256': 64, 'sha384': 96, 'sha512': 128}

YARN_PATH = re.compile(
    r'^\s*yarn-?[pP]ath:?\s+\S*yarn-(\d+\.\d+\.\d+(?:-[\w.-]+)?)\.c?js', re.MULTILINE | re.ASCII
)
BERRY_LOCK = re.compile(r'^__metadata:\s+version: (\d+)', re.MULTILINE)
PNPM_LOCK = re.compile(r"""^lockfileVersion: ['"]?(\d+)\.(\d+)""", re.MULTILINE)

YARN_CLASSIC, YARN_BERRY, LAST_CLASSIC = '1.x', '4.x', '1.22.22'
YARN_OF_LOCK = ((4, '2.x'), (7, '3.x'), (8, '>=4 <4.14'), (9, '4.14.x'))
"""The Yarn that writes lock files up to this version of their format; later ones are those of ``YARN_BERRY``.

A newer Yarn would rewrite the file, which ``--immutable`` forbids.
"""

PNPM = '10.x'
PNPM_OF_LOCK = {(5, 3): '6.x', (5, 4): '7.x', (6, 0): '8.x', (6, 1): '8.x', (9, 0): '>=9 <11'}
"""The pnpm for each version of the lock file's format (pnpm's "lockfile" specifications)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """A package manager. ``wanted`` is a range (empty: what comes with Node.js), ``source`` who asks for it.

    ``package`` is its name in the npm registry, ``hash`` what packageManager promises of it (``sha512.<hexadecimal>``).
    """

    name: str
    wanted: str = ''
    source: str = ''
    package: str = 'npm'
    hash: str = ''
    lock: str = ''

    @property
    def title(self) -> str:
        """The name for people."""
        return TITLES[self.name]

    @property
    def berry(self) -> bool:
        """Whether it is a Yarn of version 2 or later, which shares little but the name with version 1."""
        return self.package == '@yarnpkg/cli-dist'


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What packageManager says: ``pnpm@10.20.0+sha512.<hexadecimal>``; empty if it says nothing."""

    name: str = ''
    version: str = ''
    hash: str = ''


def choose_manager(source: Source, package: Mapping[str, object], engines: Mapping[str, str]) -> Manager:
    """The package manager. Raises DetectError for two lock files, and for what contradicts them."""
    pin = _pin(package.get('packageManager'))
    lock = _lock(source, pin)
    name = pin.name or LOCKS.get(lock) or _of_engines(engines)
    if name == 'bun':
        raise DetectError(
            'packageManager in package.json is bun, and there is no bun.lock: run "bun install" and commit it'
        )
    if name == 'npm':
        return _npm(pin, engines, lock)
    asked = wanted_range(engines, name, EXAMPLES[name])
    if pin.version:
        _agreeing(pin, asked)
        wanted, why = pin.version, 'packageManager'
    elif name == 'yarn':
        wanted, why = _yarn(source, lock, asked)
    else:
        wanted, why = (asked, 'engines.pnpm') if asked else _pnpm(source, lock)
    return Manager(
        name=name,
        wanted=wanted,
        source=why,
        package=_package(name, wanted, source, lock),
        hash=pin.hash,
        lock=lock,
    )


def _pin(said: object) -> Pin:
    if said is None or said == '':
        return Pin()
    match = PIN.fullmatch(said) if isinstance(said, str) else None
    shown = ascii(said[:60] if isinstance(said, str) else said)[:80]
    if not match:
        raise DetectError(
            f'packageManager in package.json is {shown}, which is not NAME@VERSION with a whole version: write one such as "pnpm@10.20.0"'
        )
    if match[1] not in TITLES:
        raise DetectError(
            f'packageManager in package.json is {shown}, and there are npm, Yarn and pnpm: choose one of them'
        )
    return Pin(name=match[1], version=match[2], hash=_hash(match[3] or ''))


def _hash(said: str) -> str:
    match = HASH.fullmatch(said)
    if said and not (match and len(match[2]) == DIGITS[match[1]]):
        raise DetectError(
            f'the hash in packageManager of package.json, {ascii(said[:40])}, is none: '
            'run "corepack use" or leave out what follows "+"'
        )
    return said


def _lock(source: Source, pin: Pin) -> str:
    there = [name for name in LOCKS if source.exists(name)]
    if len(there) > 1:
        raise DetectError(_two_locks(there, pin))
    lock = there[0] if there else ''
    if pin.name and lock and LOCKS[lock] != pin.name:
        raise DetectError(
            f'packageManager in package.json is {pin.name}, and the lock file is {lock} ({TITLES[LOCKS[lock]]}): '
            f'delete {lock} and commit the one that "{pin.name} install" writes, or correct packageManager'
        )
    if lock:
        _refuse_broken(source, lock)
    return lock


def _refuse_broken(source: Source, lock: str) -> None:
    """As far as it can be seen before its package manager reads it."""
    if LOCKS[lock] == 'npm':
        read_json_object(source, lock)
    elif said := conflict(lock, read_text(source, lock)):
        raise DetectError(said)


def _two_locks(there: list[str], pin: Pin) -> str:
    first, second = there[:2]
    if LOCKS[first] == LOCKS[second] == 'npm':
        return f'two lock files, {first} and {second}; npm reads only the second: delete {first}'
    text = f'two lock files, {first} ({TITLES[LOCKS[first]]}) and {second} ({TITLES[LOCKS[second]]}), may say different things: '
    wrong = [name for name in there if LOCKS[name] != pin.name]
    if pin.name and len(wrong) == 1:
        return f'{text}delete {wrong[0]}, as packageManager in package.json is {pin.name}'
    return f'{text}delete {second} if you use {TITLES[LOCKS[first]]}, or {first} if you use {TITLES[LOCKS[second]]}'


def _of_engines(engines: Mapping[str, str]) -> str:
    """Neither a lock file nor packageManager: engines may name Yarn or pnpm, if that is a range and npm is not there."""
    said = [(name, engines.get(name, '')) for name in ('npm', 'pnpm', 'yarn')]
    asked = [name for name, wanted in said if wanted == LATEST or (wanted and is_range(wanted))]
    return asked[0] if len(asked) == 1 else 'npm'


def _npm(pin: Pin, engines: Mapping[str, str], lock: str) -> Manager:
    asked = wanted_range(engines, 'npm', EXAMPLES['npm'])
    if pin.version:
        _agreeing(pin, asked)
        return Manager(name='npm', wanted=pin.version, source='packageManager', hash=pin.hash, lock=lock)
    return Manager(name='npm', wanted=asked, source='engines.npm' if asked else '', lock=lock)


def _agreeing(pin: Pin, asked: str) -> None:
    if asked and not nodesemver.satisfies(pin.version, asked, False):
        raise DetectError(
            f'package.json contradicts itself: packageManager is {pin.name}@{pin.version}, and engines.{pin.name} asks for '
            f'"{ascii(asked[:60])[1:-1]}": correct one of them'
        )


def _yarn(source: Source, lock: str, asked: str) -> tuple[str, str]:
    for name in ('.yarnrc.yml', '.yarnrc'):
        match = YARN_PATH.search(read_text(source, name)) if source.exists(name) else None
        if match:
            return match[1], f'yarnPath in {name}'
    if asked:
        return asked, 'engines.yarn'
    written = BERRY_LOCK.search(read_text(source, lock)) if lock else None
    if not written:
        return YARN_CLASSIC, lock or 'default'
    number = int(written[1][:9])
    return next((wanted for most, wanted in YARN_OF_LOCK if number <= most), YARN_BERRY), lock


def _pnpm(source: Source, lock: str) -> tuple[str, str]:
    written = PNPM_LOCK.search(read_text(source, lock)) if lock else None
    wanted = PNPM_OF_LOCK.get((int(written[1][:9]), int(written[2][:9])), PNPM) if written else PNPM
    return wanted, lock or 'default'


def _package(name: str, wanted: str, source: Source, lock: str) -> str:
    """The npm package. Yarn is two of them: an exact version tells which, else the lock file, else the range."""
    if name != 'yarn':
        return name
    if nodesemver.valid(wanted, False):
        classic = nodesemver.satisfies(wanted, '<2.0.0-0', False)
    elif lock:
        classic = not BERRY_LOCK.search(read_text(source, lock))
    else:
        classic = nodesemver.satisfies(LAST_CLASSIC, wanted, False)
    return 'yarn' if classic else '@yarnpkg/cli-dist'
