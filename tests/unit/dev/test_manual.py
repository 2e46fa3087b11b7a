"""What the manuals say of settings, exit codes, verbs and files is what there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.config.load import TYPES
from gitreceive.config.settings import Settings, default_home
from gitreceive.grammar.verbs import VERBS
from gitreceive.local.home import local_home
from gitreceive.model import errors

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('docs/adr/*.md'), *ROOT.glob('stacks/*.md')]
)
SYSADMINS = (ROOT / 'docs/sysadmins.md').read_text()
PUSHERS = (ROOT / 'docs/pushers.md').read_text()
LINK = re.compile(r'\]\(([^)\s]+)\)')
FILE = re.compile(r'`((?:gitreceive|hooks|tests|dev|docs|buildpacks)/[A-Za-z0-9_./-]*[A-Za-z0-9_/])`')


def section(text: str, heading: str) -> str:
    return text.split(f'\n{heading}\n', 1)[1].split('\n## ', 1)[0]


def rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith('|'):
            yield [cell.strip() for cell in line.strip('|').split('|')]


def documented_settings() -> dict[str, str]:
    """Whole names, with what stands under "default"."""
    found, table = {}, ''
    for first, default, *_ in rows(section(SYSADMINS, '## Settings').split('\n### ')[0]):
        if heading := re.fullmatch(r'\*\*`\[(\w+)\]`\*\*', first):
            table = f'{heading[1]}.'
        elif key := re.fullmatch(r'`(\w+)`', first):
            found[f'{table}{key[1]}'] = default
    return found


def test_every_setting_is_in_the_manual_and_no_other() -> None:
    assert set(documented_settings()) == set(TYPES)


def test_the_manual_has_the_defaults() -> None:
    settings = Settings(home=Path('/home'))
    for name, default in documented_settings().items():
        table, _, key = name.partition('.')
        if not key or (not default[:1].isalnum() and default[:1] != '`'):
            continue
        value = getattr(getattr(settings, table), key)
        shown = ', '.join(value) if isinstance(value, tuple) else str(value)
        said = default.replace('`', '').replace('_', '')
        empty = said.partition(':')[0] in (
            'empty',
            'none',
            'slugs/ in the home',
            'DOCKERHOST, else the default socket',
        )
        assert said == shown.lower().replace('_', '') or (empty and not value), name


def test_every_exit_code_is_in_the_manual() -> None:
    said = section(SYSADMINS, '## Exit codes')
    told = {int(number) for row in rows(said) for number in re.findall(r'\d+', row[0])}
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)
    ]
    assert {each.exit_code for each in classes if each is not errors.GitReceiveError} <= told


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_is_in_the_manual(verb: str) -> None:
    assert re.search(rf'`{verb}[ `]', section(PUSHERS, '## Verbs'))


def test_every_package_is_in_the_layout() -> None:
    layout = section((ROOT / 'CONTRIBUTING.md').read_text(), '## Layout')
    packages = {path.parent.name for path in (ROOT / 'gitreceive').glob('*/__init__.py')}
    assert packages == set(re.findall(r'^\| `gitreceive/(\w+)/`', layout, re.MULTILINE))


def test_the_home_of_the_manual_is_that_of_the_program() -> None:
    home = Home(Path())
    paths = [
        home.access_db,
        home.journal_db,
        home.config_key,
        home.socket,
        home.lock,
        home.chunk_cache,
        home.chunks,
        home.remotes,
    ]
    said = section(SYSADMINS, '## The home directory')
    for path in (*paths, home.boot, home.work, home.daemon / 'logs', home.daemon / 'locks'):
        assert f'`{path}' in said, path


def test_local_commands_keep_their_state_where_the_manual_says(tmp_path: Path) -> None:
    assert local_home(Settings(home=tmp_path)).root == tmp_path / 'local'
    said = (ROOT / 'docs/developers.md').read_text()
    told = '`local/` below the home: `/var/lib/gitreceive` as root, else `~/.local/state/gitreceive`'
    assert told in said
    assert default_home({}, 0) == Path('/var/lib/gitreceive')
    assert default_home({'HOME': '/home/a'}, 1000) == Path('/home/a/.local/state/gitreceive')


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_points_to_is_there(document: Path) -> None:
    text = document.read_text()
    for target in LINK.findall(text):
        if '://' in target:
            continue
        name, _, anchor = target.replace('\\_', '_').partition('#')
        place = (document.parent / name).resolve() if name else document
        assert place.exists(), target
        assert not anchor or anchor in anchors(place.read_text()), target
    if document.parent.name != 'adr' and document.name != 'CHANGELOG.md':
        for name in FILE.findall(text):
            assert (ROOT / name).exists() or 'NAME' in name, name


def anchors(text: str) -> set[str]:
    headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}
