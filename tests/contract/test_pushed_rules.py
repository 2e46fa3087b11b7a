"""What git is told about what it receives: harmless faults of histories are taken, dangerous ones are not."""

import os
import re
from pathlib import Path

import pytest

from gitreceive.build.sources.git import GitSource
from gitreceive.model.push import parse_commit
from gitreceive.repositories.rules import HARMLESS
from tests.unit.repositories.served import Served

GOOD = b't <t@example.com> 1300000000 +0000'
WHO = {
    'badDate': b't <t@example.com> x1300000000 +0000',
    'badDateOverflow': b't <t@example.com> 99999999999999999999999 +0000',
    'badEmail': b't <<t@example.com> 1300000000 +0000',
    'badName': b't> <t@example.com> 1300000000 +0000',
    'badTimezone': b't <t@example.com> 1300000000 +051800',
    'missingEmail': b't 1300000000 +0000',
    'missingNameBeforeEmail': b'<t@example.com> 1300000000 +0000',
    'missingSpaceBeforeDate': b't <t@example.com>1300000000 +0000',
    'missingSpaceBeforeEmail': b't<t@example.com> 1300000000 +0000',
    'zeroPaddedDate': b't <t@example.com> 01300000000 +0000',
}
TREES = {
    'zeroPaddedFilemode': b'040000 d\0%(tree)b100644 f\0%(blob)b',
    'badFilemode': b'100664 f\0%(blob)b',
    'hasDot': b'100644 .\0%(blob)b',
    'hasDotdot': b'40000 ..\0%(tree)b',
    'hasDotgit': b'40000 .git\0%(tree)b',
    'hasDotgit in the letters of macOS': '40000 .g\u200cit\0%(tree)b'.encode(),
    'fullPathname': b'100644 a/b\0%(blob)b',
    'duplicateEntries': b'100644 f\0%(blob)b100644 f\0%(blob)b',
    'treeNotSorted': b'100644 g\0%(blob)b100644 f\0%(blob)b',
    'nullSha1': b'160000 f\0' + bytes(20),
    'gitmodulesName': b'100644 .gitmodules\0%(modules)b',
    'gitmodulesSymlink': b'120000 .gitmodules\0%(blob)b',
}
MODULES = b'[submodule "../x"]\n\tpath = a\n\turl = -u./x\n'


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def commit(served: Served, who: bytes = GOOD, tree: bytes = b'', message: bytes = b'x\n') -> str:
    blob = bytes.fromhex(served.store('blob', b'x\n'))
    inner = bytes.fromhex(served.store('tree', b'100644 f\0' + blob))
    modules = bytes.fromhex(served.store('blob', MODULES))
    made = tree % {b'blob': blob, b'tree': inner, b'modules': modules}
    top = served.store('tree', made).encode() if tree else inner.hex().encode()
    return served.store('commit', b'tree %b\nauthor %b\ncommitter %b\n\n%b' % (top, who, who, message))


def taken(served: Served, made: str, fault: str) -> None:
    pushed = served.push(f'{made}:refs/heads/main')
    assert pushed.status == 0, pushed.err
    assert f': {fault}: ' in pushed.err
    with GitSource(served.bare, parse_commit(made)) as source:
        assert [file.path for file in source.files() if source.exists(file.path)]
        assert source.committed >= 1300000000 or fault in ('badDate', 'missingEmail')
        with source.archive('src/') as stream:
            assert stream.read()


@pytest.mark.parametrize('fault', WHO)
def test_a_harmless_fault_of_an_author_line_is_a_warning_and_can_be_deployed(
    served: Served, fault: str
) -> None:
    assert fault in HARMLESS
    taken(served, commit(served, WHO[fault]), fault)


@pytest.mark.parametrize('fault', ['zeroPaddedFilemode', 'badFilemode'])
def test_a_harmless_fault_of_a_mode_is_a_warning_and_can_be_deployed(served: Served, fault: str) -> None:
    taken(served, commit(served, tree=TREES[fault]), fault)


def test_a_nul_in_a_message_is_a_warning(served: Served) -> None:
    taken(served, commit(served, message=b'x\0y\n'), 'nulInCommit')


def test_a_tag_of_an_old_tool_is_taken(served: Served) -> None:
    head = b'object %b\ntype commit\ntag v1\n' % commit(served).encode()
    for tagger in (b'', b'tagger t <t@example.com> 1300000000 +051800\n', b'tagger t 1300000000 +0000\n'):
        made = served.store('tag', head + tagger + b'\nx\n')
        assert served.push('--force', f'{made}:refs/tags/v1').status == 0


@pytest.mark.parametrize(
    'fault', [name for name in TREES if name not in ('zeroPaddedFilemode', 'badFilemode')]
)
def test_a_dangerous_tree_is_refused_by_the_name_of_its_fault(served: Served, fault: str) -> None:
    pushed = served.push(f'{commit(served, tree=TREES[fault])}:refs/heads/main')
    assert pushed.status == 1
    told = [line for line in pushed.err.splitlines() if line.startswith(' ! [remote rejected]')]
    assert f'({fault.split()[0]} (' in told[0]
    assert told[0].endswith('; push a history without it)')
    assert served.refs() == {}


def test_a_pack_that_is_too_large_is_refused_with_that_cause(served: Served) -> None:
    served.programs['receive-pack'].write_text(
        re.sub(r'maxInputSize=\d+', 'maxInputSize=1000', served.programs['receive-pack'].read_text())
    )
    served.change('large', os.urandom(10_000))
    assert '[remote rejected] main -> main (pack exceeds maximum allowed size' in served.push('main').err


def test_a_repository_of_an_earlier_version_obeys_the_rules_of_today(served: Served) -> None:
    served.git('config', 'receive.fsckObjects', 'false', at=served.bare)
    served.git('config', 'receive.fsck.badTimezone', 'error', at=served.bare)
    taken(served, commit(served, WHO['badTimezone']), 'badTimezone')
    assert served.push(f'{commit(served, tree=TREES["hasDotgit"])}:refs/heads/other').status == 1


def test_a_shallow_clone_is_taken_where_its_history_is_here_and_else_told_what_to_do(
    served: Served, tmp_path: Path
) -> None:
    for number in range(3):
        served.change('file', b'%d' % number)
    shallow = tmp_path / 'shallow'
    served.git('clone', '-q', '--depth', '1', f'file://{served.work}', str(shallow), at=tmp_path)
    pushed = served.push('main', at=shallow)
    assert pushed.status == 1
    assert '"git fetch --unshallow" (in CI: fetch-depth: 0)' in pushed.err
    assert served.refs() == {}
    assert served.push('main').status == 0
    served.git('commit', '-q', '--allow-empty', '-m', 'on top', at=shallow)
    assert served.push('main', at=shallow).status == 0
    assert not (served.bare / 'shallow').exists()
    served.git('fetch', '-q', '--unshallow', at=shallow)
    assert served.push('main:refs/heads/whole', at=shallow).status == 0


def test_a_name_that_git_refuses_or_the_receiver_keeps_for_itself_is_refused_with_a_reason(
    served: Served,
) -> None:
    pushed = served.push('main:refs/releases/v9')
    assert '(only branches and tags are kept here)' in pushed.err
    assert served.refs() == {}


def test_a_sha256_repository_is_told_what_is_wrong_at_the_first_push_and_later(
    served: Served, tmp_path: Path
) -> None:
    modern = tmp_path / 'modern'
    served.git('init', '-q', '-b', 'main', '--object-format=sha256', str(modern), at=tmp_path)
    served.git('commit', '-q', '--allow-empty', '-m', 'one', at=modern)
    for _ in range(2):
        assert "does not support this repository's hash algorithm" in served.push('main', at=modern).err
        assert served.push('main').status == 0


def test_a_commit_without_files_is_taken_although_no_client_sends_its_tree(
    served: Served, tmp_path: Path
) -> None:
    other = tmp_path / 'other'
    served.git('init', '-q', '-b', 'main', str(other), at=tmp_path)
    served.git('commit', '-q', '--allow-empty', '-m', 'empty', at=other)
    assert served.push('main', at=other).status == 0
    made = served.refs()['refs/heads/main']
    with GitSource(served.bare, parse_commit(made)) as source:
        assert list(source.files()) == []
        assert not source.exists('Procfile')
        with source.archive('src/') as stream:
            stream.read()
    served.git('fsck', '--strict', at=served.bare)
    served.git('gc', '-q', '--prune=now', at=served.bare)
    reading = f'--upload-pack={served.programs["upload-pack"]}'
    served.git('clone', '-q', reading, str(served.bare), str(tmp_path / 'clone'))
