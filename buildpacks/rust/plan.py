"""Rust apps: Cargo.toml with its lock file; the slug holds programs, not Rust itself."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.manifest import at, conflict, read_text, read_toml
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES
from .packages import MANIFEST, built_packages, programs

MARKERS = (MANIFEST,)
ORDER = 50
ASSETS = 'asked'
LOCK = 'Cargo.lock'
ADDITION = 'rust'
FLAGS = 'RUST_CARGO_BUILD_FLAGS'
TOOLCHAINS = ('rust-toolchain.toml', 'rust-toolchain')
NUMBERS = re.compile(r'\d{1,3}\.\d{1,4}(?:\.\d{1,4})?', re.ASCII)
HOST = re.compile(r'-(?:x86_64|aarch64)-unknown-linux-gnu$')


def detect(source: Source) -> str | None:
    """Cargo.toml, if there is one."""
    return MANIFEST if source.exists(MANIFEST) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for what cannot be built with the stack's Rust, or has no program."""
    root = read_toml(source, MANIFEST)
    _check_lock(source)
    choice = _version(source, stack, root)
    processes, processes_from = _processes(source, root)
    return Plan(
        buildpack='rust',
        title='Rust',
        reason=MANIFEST,
        choices=(choice,),
        values={
            'bases': (stack.addition(ADDITION),),
            'flags': tuple(env.get(FLAGS, '').split()),
            'needs_source_version': True,
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source)),
    )


def _check_lock(source: Source) -> None:
    if not source.exists(LOCK):
        raise DetectError(
            f'there is no {LOCK}: run "cargo generate-lockfile", take it out of .gitignore, and commit it'
        )
    said = conflict(LOCK, read_text(source, LOCK))
    if said:
        raise DetectError(said)


def _version(source: Source, stack: Stack, root: Mapping[str, object]) -> Choice:
    """The stack's Rust, if it is not older than what is asked for: newer ones compile what older ones did."""
    if not stack.rusts:
        raise DetectError(f'the stack {stack.name} has no Rust, and its sysadmin cannot add it')
    own = stack.rusts[-1]
    reasons = []
    for where, asked in _asked(source, root):
        match = NUMBERS.fullmatch(asked)
        if asked != 'stable' and not match:
            shown = ascii(asked[:60])[1:-1]
            raise DetectError(
                f'{where} asks for Rust "{shown}", and the stack {stack.name} has {own}: write "stable" or a version'
            )
        if match and _numbers(asked) > _numbers(own):
            raise DetectError(
                f'{where} asks for Rust {asked}, and the stack {stack.name} has {own}: '
                'ask for an older one, or the sysadmin for a newer stack'
            )
        reasons.append(f'{where} asks for {asked}' + (' or newer' if match else ''))
    return Choice(tool='Rust', wanted=own, source='; '.join([f'of {stack.name}', *reasons]))


def _asked(source: Source, root: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """Who asks for which Rust: the file for rustup, and the least that the package says."""
    name = next(filter(source.exists, TOOLCHAINS), '')
    if name:
        channel = _channel(source, name)
        if channel:
            yield name, HOST.sub('', channel)
    for keys in (('package', 'rust-version'), ('workspace', 'package', 'rust-version')):
        least = at(root, *keys)
        if isinstance(least, str):
            yield f'rust-version in {MANIFEST}', least


def _channel(source: Source, name: str) -> str:
    """What it says; empty if nothing. The older form is the name of the channel alone (The rustup book, "Overrides")."""
    text = read_text(source, name).strip()
    if '\n' not in text and '[' not in text and '=' not in text:
        return text
    channel = at(read_toml(source, name), 'toolchain', 'channel')
    return channel if isinstance(channel, str) else ''


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split('.')]


def _processes(source: Source, root: Mapping[str, object]) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    packages = built_packages(source, root)
    names = list(dict.fromkeys(name for package in packages for name in programs(source, package)))
    chosen = at(root, 'package', 'default-run')
    asked = chosen if isinstance(chosen, str) and chosen in names else ''
    name = asked or ('web' if 'web' in names else names[0] if len(names) == 1 else '')
    if not names:
        raise DetectError(
            'there is no program to build: the package has neither src/main.rs nor src/bin; add one, or build a '
            f'member of the workspace ("default-members" in {MANIFEST})'
        )
    if not name:
        raise DetectError(
            f'nothing says which program is started (there are {", ".join(names[:8])}): '
            'add "default-run" to Cargo.toml, or a Procfile with "web: NAME"'
        )
    processes = (ProcessType(name='web', command=f'target/release/{name}'),)
    return processes, 'No Procfile, so the default for Rust (the program)'


def _notes(source: Source) -> Iterable[str]:
    if source.glob('target/*/*') or source.glob('target/*'):
        yield 'target is in the repository and is not used: "git rm -r --cached target" and add it to .gitignore.'
    if source.exists('package.json'):
        yield 'package.json is there too: this is built as a Rust app, and assets are not built. Commit what they are built to.'
