"""Files that other platforms read: what they say of starting an app counts here too, and the rest is told.

Railway's ``railway.json`` and ``railway.toml`` (https://docs.railway.com/reference/config-as-code), ``nixpacks.toml``
(https://nixpacks.com/docs/configuration/file), ``railpack.json`` (https://railpack.com/config/file) and ``render.yaml``
(https://render.com/docs/blueprint-spec), which is not parsed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitreceive.build.appfiles.manifest import at, read_json_object, read_toml
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError

LONGEST = 10_000

START: Sequence[tuple[str, tuple[str, ...]]] = (
    ('railway.json', ('deploy', 'startCommand')),
    ('railway.toml', ('deploy', 'startCommand')),
    ('railpack.json', ('deploy', 'startCommand')),
    ('nixpacks.toml', ('start', 'cmd')),
)
"""Where each says how the app is started; the first that does counts."""

IGNORED: Mapping[str, str] = {
    'render.yaml': 'give the start command in a Procfile',
    'fly.toml': 'give processes in a Procfile, config vars with "config set"',
    'project.toml': 'give processes in a Procfile, buildpacks in .buildpacks',
    'captain-definition': 'a Dockerfile at the root is built',
    'docker-compose.yml': 'one app is one repository: its Dockerfile or platform is built',
    'compose.yaml': 'one app is one repository: its Dockerfile or platform is built',
    'Dockerfile.prod': 'a file called Dockerfile at the root is built',
    'CHECKS': 'give health checks in app.json',
}
"""What is not read, and what says the same here."""

PARTS: Mapping[str, tuple[str, ...]] = {
    'railway.json': ('build', 'deploy'),
    'railway.toml': ('build', 'deploy'),
    'railpack.json': ('packages', 'steps', 'provider', 'caches', 'secrets'),
    'nixpacks.toml': ('phases', 'providers', 'variables', 'staticAssets'),
}
"""Of the files that are read for the start command: tables with more in them, which has no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How an app is started, by a file of another platform."""

    command: str
    file: str


def foreign_start(source: Source) -> Start | None:
    """What such a file says, or None. Raises DetectError for one that cannot be read, or a command that is none."""
    for file, keys in START:
        command = at(_read(source, file), *keys) if source.exists(file) else None
        if command is None:
            continue
        if not isinstance(command, str) or not command.strip() or len(command) > LONGEST:
            raise DetectError(
                f'"{".".join(keys)}" in {file} is no command: correct it, or say "web: COMMAND" in a Procfile'
            )
        if '\n' in command.strip() or any(ord(letter) < 32 and letter not in '\t\n' for letter in command):
            raise DetectError(f'"{".".join(keys)}" in {file} holds a control character: write it on one line')
        return Start(command=command.strip(), file=file)
    return None


def foreign_notes(source: Source) -> Iterator[str]:
    """What is there and has no effect."""
    for file, instead in IGNORED.items():
        if source.exists(file):
            yield f'{file} is not read: {instead}.'
    for file, tables in PARTS.items():
        found = _read(source, file) if source.exists(file) else {}
        used = {keys[0]: keys[1] for name, keys in START if name == file}
        for table in tables:
            inside = found.get(table)
            more = set(inside) - {used.get(table)} if isinstance(inside, Mapping) else inside
            if more:
                yield f'"{table}" in {file} has no effect but for the start command.'


def _read(source: Source, file: str) -> Mapping[str, object]:
    return read_toml(source, file) if file.endswith('.toml') else read_json_object(source, file)
