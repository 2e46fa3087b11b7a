"""What every source of code does, over the object store, a working directory with and without git, and what wraps them."""

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gitreceive.build.ports import Source
from gitreceive.build.sources.git import GitSource
from gitreceive.build.sources.shown import ShownSource, WatchedSource
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.model.errors import BuildTimeout, SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.push import Commit

FILES = {
    'Procfile': b'web: a\n',
    'empty': b'',
    'lib/one.py': b'1\n',
    'lib/two.py': b'2' * 2000,
    'lib/deep/three.py': b'3\n',
    'with space': b'x',
    'new\nline': b'x',
    'latin-\udce4': b'x',
    'n' * 120: b'long',
    '/'.join(['deep'] * 40) + '/file': b'deep',
    'run': b'#!/bin/sh\n',
}
Make = Callable[[Path], Source]


def written(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """A directory with the files, one program, and links to a file, to a directory and out."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / 'run').chmod(0o755)
    for name, target in (('link', 'Procfile'), ('folder', 'lib'), ('out', '/etc')):
        (folder / name).symlink_to(target)
    return folder


def git(folder: Path, *words: str) -> str:
    who = ('-c', 'user.name=a', '-c', 'user.email=a@b')
    done = subprocess.run(
        ['git', *who, '-C', str(folder), *words], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def committed(folder: Path) -> Path:
    git(folder, 'init', '-q', '-b', 'main')
    git(folder, 'add', '-A')
    git(folder, 'commit', '-q', '-m', 'one')
    return folder


def from_objects(folder: Path) -> Source:
    work = committed(written(folder / 'work'))
    return GitSource(work / '.git', Commit(git(work, 'rev-parse', 'HEAD')))


def from_checkout(folder: Path) -> Source:
    return WorkingDirectory(committed(written(folder / 'work')))


def from_directory(folder: Path) -> Source:
    return WorkingDirectory(written(folder / 'work'))


def all_shown(folder: Path) -> Source:
    return ShownSource(from_objects(folder), lambda path: False)


def some_shown(folder: Path) -> Source:
    more = {'hidden/lib/a': b'a', 'hidden.py': b'h' * 700, 'lib/' + 'h' * 200: b'h'}
    work = written(folder / 'work', FILES | more)
    hidden = ('hidden', 'lib/hh')
    return ShownSource(WorkingDirectory(work), lambda path: path.startswith(hidden))


def watched(folder: Path) -> Source:
    return WatchedSource(from_objects(folder), lambda: None)


@pytest.fixture(
    params=[from_objects, from_checkout, from_directory, all_shown, some_shown, watched],
    ids=lambda make: make.__name__,
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return request.param(tmp_path)  # type: ignore[no-any-return]


def test_a_file_exists_and_nothing_else_does(source: Source) -> None:
    assert all(map(source.exists, FILES))
    for path in ('lib', 'none', 'link', 'folder/one.py', 'out/passwd', '../work/Procfile', '/etc/passwd', ''):
        assert not source.exists(path), path


def test_a_file_is_read_byte_for_byte(source: Source) -> None:
    assert {path: source.read(path) for path in FILES} == FILES


@pytest.mark.parametrize('path', ['none', 'lib', 'link', 'out/passwd', '../work/Procfile', 'hidden.py'])
def test_what_is_no_file_of_it_is_not_read(source: Source, path: str) -> None:
    with pytest.raises(SourceError):
        source.read(path)


def test_a_file_over_the_limit_is_refused_with_its_size(source: Source) -> None:
    with pytest.raises(SourceError, match=r'lib/two.py has 2,000 bytes; at most 1,999'):
        source.read('lib/two.py', 1999)
    assert len(source.read('lib/two.py', 2000)) == 2000


def test_a_glob_stays_within_a_directory_and_sees_files_only(source: Source) -> None:
    assert source.glob('lib/*.py') == ['lib/one.py', 'lib/two.py']
    assert source.glob('*/*/*.py') == ['lib/deep/three.py']
    assert source.glob('l*') == ['latin-\udce4']
    assert source.glob('*/passwd') == []


def test_every_file_is_listed_with_its_kind_and_size(source: Source) -> None:
    links = {name: SourceFile(path=name, kind='link') for name in ('link', 'folder', 'out')}
    files = {name: SourceFile(path=name, kind='file', size=len(content)) for name, content in FILES.items()}
    assert {file.path: file for file in source.files()} == files | links


def test_the_archive_holds_the_tree_with_plain_modes_and_links_as_links(source: Source) -> None:
    with source.archive('src/') as stream:
        raw = stream.read()
    with tarfile.open(fileobj=io.BytesIO(raw), errors='surrogateescape') as tar:
        members = {member.name: member for member in tar}
        files = {name: tar.extractfile(name).read() for name, member in members.items() if member.isreg()}
    assert files == {f'src/{name}': content for name, content in FILES.items()}
    links = {name: member.linkname for name, member in members.items() if member.issym()}
    assert links == {'src/link': 'Procfile', 'src/folder': 'lib', 'src/out': '/etc'}
    assert {name for name, member in members.items() if member.isdir()} >= {'src', 'src/lib', 'src/lib/deep'}
    assert members['src/run'].mode == 0o755
    assert members['src/Procfile'].mode == 0o644
    assert {member.mtime for member in members.values()} == {source.committed}
    assert raw.endswith(bytes(1024))


def test_ignored_files_are_not_there_and_untracked_ones_are(tmp_path: Path) -> None:
    work = committed(written(tmp_path / 'work'))
    written_only = {'.gitignore': b'*.log\nbuild/\n', 'a.log': b'', 'build/x': b'', 'new.py': b'new'}
    for name, content in written_only.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_bytes(content)
    (work / 'empty').unlink()
    (work / 'Procfile').write_bytes(b'changed')
    found = WorkingDirectory(work)
    assert {file.path for file in found.files()} == {
        *FILES,
        'link',
        'folder',
        'out',
        '.gitignore',
        'new.py',
    } - {'empty'}
    assert found.read('Procfile') == b'changed'
    assert found.commit == git(work, 'rev-parse', 'HEAD')
    assert found.committed == int(git(work, 'log', '-1', '--format=%ct'))


def test_a_directory_is_changed_if_a_file_differs_from_the_commit_or_is_not_in_it(tmp_path: Path) -> None:
    assert not WorkingDirectory(written(tmp_path / 'without')).changed()
    work = committed(written(tmp_path / 'work'))
    (work / '.env').write_text('A=b')
    for folder in (work, work / 'lib'):
        assert not WorkingDirectory(folder).changed(hidden=('.env',))
    assert WorkingDirectory(work).changed()
    (work / 'lib' / 'one.py').write_bytes(b'changed')
    for folder in (work, work / 'lib'):
        assert WorkingDirectory(folder).changed(hidden=('.env',))
    assert not WorkingDirectory(work / 'lib' / 'deep').changed()


def test_a_commit_of_a_time_that_no_tar_can_hold_has_the_last_one(tmp_path: Path) -> None:
    work = committed(written(tmp_path / 'work'))
    late = git(work, 'cat-file', 'commit', 'HEAD')
    late = re.sub(r'(?m)^((?:author|committer) .*>) \d+', r'\1 99999999999999', late)
    made = subprocess.run(
        ['git', '-C', str(work), 'hash-object', '-t', 'commit', '-w', '--stdin'],
        input=f'{late}\n',
        capture_output=True,
        check=True,
        text=True,
    )
    git(work, 'reset', '-q', '--hard', made.stdout.strip())
    sources = GitSource(work / '.git', Commit(made.stdout.strip())), WorkingDirectory(work)
    assert [source.committed for source in sources] == [8**11 - 1] * 2


def test_a_directory_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    work = committed(written(tmp_path / 'work'))
    os.rename(work / 'lib', tmp_path / 'elsewhere')
    (work / 'lib').symlink_to(tmp_path / 'elsewhere')
    found = WorkingDirectory(work)
    assert not found.exists('lib/one.py')
    assert {file.path for file in found.files() if file.path.startswith('lib')} == {'lib'}


def test_a_directory_below_the_top_of_a_repository_is_seen_by_itself(tmp_path: Path) -> None:
    work = committed(written(tmp_path / 'work'))
    assert WorkingDirectory(work / 'lib').glob('*') == ['one.py', 'two.py']


def test_a_submodule_is_listed_as_one(tmp_path: Path) -> None:
    work = committed(written(tmp_path / 'work'))
    head = git(work, 'rev-parse', 'HEAD')
    git(work, 'update-index', '--add', '--cacheinfo', f'160000,{head},vendored')
    git(work, 'commit', '-q', '-m', 'two')
    (work / 'vendored').mkdir()
    assert SourceFile(path='vendored', kind='submodule') in list(WorkingDirectory(work).files())
    listed = SourceFile(path='vendored', kind='submodule', commit=head)
    assert listed in list(GitSource(work / '.git', Commit(git(work, 'rev-parse', 'HEAD'))).files())


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='is not a directory'):
        WorkingDirectory(tmp_path / 'nothing')


def test_a_repository_that_git_does_not_read_is_an_error_not_an_empty_app(tmp_path: Path) -> None:
    (tmp_path / '.git').write_text('gitdir: nowhere\n')
    with pytest.raises(SourceError, match='git cannot list the files'):
        WorkingDirectory(tmp_path)


def test_looking_ends_when_it_may_not_go_on(tmp_path: Path) -> None:
    over = False

    def check() -> None:
        if over:
            raise BuildTimeout('timed out')

    source = WatchedSource(from_objects(tmp_path), check)
    files = source.files()
    next(files)
    with source.archive('src/') as stream:
        over = True
        for look in (
            lambda: next(files),
            lambda: source.glob('*'),
            lambda: source.exists('run'),
            stream.read,
        ):
            with pytest.raises(BuildTimeout):
                look()
        over = False
        stream.read()


ATTRIBUTES = b"""\
* text=auto
crlf text eol=crlf
ident ident
utf16 text working-tree-encoding=UTF-16
filtered filter=lfs diff=lfs merge=lfs -text
left-out export-ignore
substituted export-subst
"""


def test_the_archive_holds_the_bytes_of_the_commit_whatever_attributes_say(tmp_path: Path) -> None:
    names = ('crlf', 'ident', 'utf16', 'filtered', 'left-out', 'substituted', 'lib/left-out')
    contents = dict.fromkeys(names, b'$Id$ $Format:%H$\nline\n')
    work = tmp_path / 'work'
    (work / 'lib').mkdir(parents=True)
    git(work, 'init', '-q', '-b', 'main')
    for name, content in contents.items():
        (work / name).write_bytes(content)
    git(work, '-c', 'core.attributesFile=/dev/null', 'add', '-A')
    (work / '.gitattributes').write_bytes(ATTRIBUTES)
    git(work, 'add', '.gitattributes')
    git(work, 'commit', '-q', '-m', 'one')
    for key in ('smudge', 'clean', 'process'):
        git(work, 'config', f'filter.lfs.{key}', 'false')
    git(work, 'config', 'filter.lfs.required', 'true')
    (work / '.git' / 'info' / 'attributes').write_text('* text eol=crlf ident\n')
    source = GitSource(work / '.git', Commit(git(work, 'rev-parse', 'HEAD')))
    with source.archive('') as stream, tarfile.open(fileobj=io.BytesIO(stream.read())) as tar:
        found = {each.name: tar.extractfile(each).read() for each in tar if each.isreg()}
    assert found == {**contents, '.gitattributes': ATTRIBUTES}


SYSTEM_CONFIG = """\
[filter "lfs"]
\tclean = git-lfs-that-is-not-here clean -- %f
\tsmudge = git-lfs-that-is-not-here smudge -- %f
\tprocess = git-lfs-that-is-not-here filter-process
\trequired = true
[core]
\tautocrlf = true
"""


def test_filters_of_the_machine_change_nothing_and_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FILES | {'large.bin': b'version https://git-lfs.github.com/spec/v1\n', '.gitattributes': b''}
    work = committed(written(tmp_path / 'work', files))
    (work / '.gitattributes').write_text('*.bin filter=lfs\n')
    git(work, '-c', 'filter.lfs.clean=cat', 'commit', '-q', '-a', '-m', 'two')
    os.utime(work / 'large.bin', (1, 1))
    config = tmp_path / 'gitconfig'
    config.write_text(SYSTEM_CONFIG)
    monkeypatch.delenv('GIT_CONFIG_NOSYSTEM', raising=False)
    for name in ('GIT_CONFIG_SYSTEM', 'GIT_CONFIG_GLOBAL'):
        monkeypatch.setenv(name, str(config))
    here = WorkingDirectory(work)
    assert not here.changed()
    commit = Commit(git(work, 'rev-parse', 'HEAD'))
    for source in (here, GitSource(work / '.git', commit)):
        assert source.read('large.bin') == files['large.bin']
        with source.archive('') as stream, tarfile.open(fileobj=io.BytesIO(stream.read())) as tar:
            held = tar.extractfile('large.bin')
            assert held and held.read() == files['large.bin']
    (work / 'large.bin').write_bytes(b'changed')
    assert here.changed()
