"""What is pushed: a Flask app, a Node app with a large node_modules, a repository of many files, one of large blobs."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.errors import BenchError
from bench.packages import SCOPE, VERSION, Package, sources
from bench.processes import run

EXAMPLES = Path(__file__).parent.parent / 'examples'
DOCKERFILES = Path(__file__).parent / 'dockerfiles'
WHO = {
    'GIT_AUTHOR_NAME': 'bench',
    'GIT_AUTHOR_EMAIL': 'bench@localhost',
    'GIT_COMMITTER_NAME': 'bench',
    'GIT_COMMITTER_EMAIL': 'bench@localhost',
    'GIT_CONFIG_GLOBAL': '/dev/null',
    'GIT_CONFIG_NOSYSTEM': '1',
    'GIT_TERMINAL_PROMPT': '0',
}
BLOB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app to deploy. ``write`` fills a directory; a push of new code changes ``code`` only.

    ``dockerfile`` is what the naive way builds it with; empty if it does not.
    """

    name: str
    title: str
    code: str
    comment: str
    dockerfile: str = ''
    write: Callable[[Path], None]


def flask_app() -> App:
    """The Python example."""
    return example_app('python', 'Flask app', 'app.py', '#')


def example_app(platform: str, title: str, code: str, comment: str) -> App:
    """The example of a platform that has one."""
    return App(
        name=f'{platform}-hello',
        title=title,
        code=code,
        comment=comment,
        dockerfile=platform,
        write=lambda folder: _copy(f'{platform}-hello', folder),
    )


def node_app(packages: Mapping[str, Package], files: int, registry: str) -> App:
    """The Node example with ``packages`` among its dependencies, which npm finds at ``registry``."""

    def write(folder: Path) -> None:
        _copy('node-hello', folder)
        wanted = dict.fromkeys(packages, VERSION)
        entries = {
            f'node_modules/{name}': {'version': VERSION, 'integrity': package.integrity}
            for name, package in packages.items()
        }
        manifest = json.loads((folder / 'package.json').read_text())
        manifest['dependencies'] |= wanted
        lock = json.loads((folder / 'package-lock.json').read_text())
        lock['packages']['']['dependencies'] |= wanted
        lock['packages'] |= entries
        (folder / 'package.json').write_text(json.dumps(manifest, indent=2))
        (folder / 'package-lock.json').write_text(json.dumps(lock, indent=2))
        (folder / '.npmrc').write_text(f'{SCOPE}:registry={registry}/\n')

    return App(
        name='node',
        title=f'Node app, {files:,} files in node_modules',
        code='server.js',
        comment='//',
        dockerfile='node',
        write=write,
    )


def make_work_tree(app: App, folder: Path, label: str | None) -> None:
    """A repository of ``app`` with one commit on master; with a Dockerfile that carries ``label``, if there is one."""
    folder.mkdir(parents=True)
    app.write(folder)
    if label is not None:
        text = (DOCKERFILES / app.dockerfile).read_text()
        (folder / 'Dockerfile').write_text(text.replace('@LABEL@', label))
    git(folder, 'init', '--quiet', '--initial-branch=master')
    git(folder, 'add', '--all')
    git(folder, 'commit', '--quiet', '--message=The app as it is')


def change_code(app: App, folder: Path, number: int) -> None:
    """Commits a line more, one that no earlier run has had: the engine would not copy that again."""
    with (folder / app.code).open('a') as file:
        file.write(f'{app.comment} change {number} {uuid.uuid4().hex}\n')
    commit_change(folder, number)


def commit_change(folder: Path, number: int) -> None:
    """Commits what has changed."""
    git(folder, 'commit', '--quiet', '--all', f'--message=Change {number}')


def make_many_files(repo: Path, count: int, name: str, content: str) -> None:
    """A bare repository with ``count`` small files, and the file ``name``, on master."""
    texts = sources(Random('files'))
    files = {f'src/{number // 100}/{number}.js': next(texts) for number in range(count)}
    make_bare(repo, {name: content.encode(), **files})


def make_blobs(repo: Path, count: int) -> None:
    """A bare repository with ``count`` incompressible files of 1 MB on master."""
    make_bare(repo, {f'{number}.bin': os.urandom(BLOB) for number in range(count)})


def make_bare(repo: Path, files: Mapping[str, bytes]) -> None:
    """A bare repository with one commit on master, in one pack."""
    git(repo.parent, 'init', '--quiet', '--bare', '--initial-branch=master', str(repo))
    git(repo, 'config', 'core.compression', '0')
    git(repo, 'config', 'fastimport.unpackLimit', '1')
    _import(repo, files, 'The files as they are', parent=False)


def change_file(repo: Path, name: str, content: bytes) -> None:
    """Commits a file to a bare repository."""
    _import(repo, {name: content}, 'A change', parent=True)


def git(folder: Path, *words: str) -> str:
    """Runs git; what it prints."""
    return run('git', '-C', folder, *words, environ=WHO).strip()


def _copy(example: str, folder: Path) -> None:
    shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True)


def _import(repo: Path, files: Mapping[str, bytes], message: str, *, parent: bool) -> None:
    command = ['git', '-C', str(repo), 'fast-import', '--quiet', '--date-format=now']
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **WHO}) as child:
        assert child.stdin
        for piece in _commit(files, message, parent):
            child.stdin.write(piece)
    if child.returncode:
        raise BenchError(f'"git fast-import" failed (exit {child.returncode}): its own words are above')


def _commit(files: Mapping[str, bytes], message: str, parent: bool) -> Sequence[bytes]:
    """The stream of git-fast-import(1)."""
    pieces = [b'commit refs/heads/master\ncommitter bench <bench@localhost> now\n', _data(message.encode())]
    if parent:
        pieces.append(b'from refs/heads/master^0\n')
    for name, content in files.items():
        pieces += [b'M 644 inline %s\n' % name.encode(), _data(content)]
    return pieces


def _data(content: bytes) -> bytes:
    return b'data %d\n%s\n' % (len(content), content)
