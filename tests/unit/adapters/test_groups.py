"""Which layers are packed together, by directories made as overlayfs makes them."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.docker.layers import Layers
from gitreceive.adapters.slugfiles.groups import LEAST, MARK, MOST_GROUPS, STEP_TIME, group_layers, holds_much

MTIME = 1_700_000_000
MARKED = {MARK.decode()[1:]: b''}
LARGE = bytes(LEAST)
Layer = Mapping[str, bytes | None]


def layers(root: Path, *contents: Layer) -> Layers:
    """The lowest first, as an image lists them. None as a content is a whiteout (only root can make one)."""
    for number, files in enumerate(contents):
        (root / str(number) / 'diff').mkdir(parents=True)
        for name, content in files.items():
            path = root / str(number) / 'diff' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                os.mknod(path, 0o020000, os.makedev(0, 0))
            else:
                path.write_bytes(content)
    names = [str(number) for number in reversed(range(len(contents)))]
    return Layers(root=root, names=names, contents=[f'sha256:{name}' for name in names])


def runs(found: Layers, code_steps: int = 0) -> list[list[str]]:
    """The groups by the names of their layers, the lowest first."""
    groups = group_layers(found, MTIME, code_steps)
    return [[found.names[at] for at in reversed(group.own)] for group in groups]


def test_a_large_layer_is_a_group_with_what_is_small_below_it(tmp_path: Path) -> None:
    found = layers(
        tmp_path,
        *({'bin/sh': LARGE}, {'app/x': b''}, {'app/heroku/node': LARGE}, {'app/src/package.json': b'{}'}),
        *({'app/src/node_modules/a': LARGE}, MARKED, {'app/src/code': LARGE}, {'app/src/built': LARGE}),
    )
    assert runs(found) == [['0', '1', '2'], ['3', '4'], ['5', '6', '7']]
    assert [group.mtime for group in group_layers(found, MTIME)] == [STEP_TIME, STEP_TIME, MTIME]
    assert [group.last for group in group_layers(found, MTIME)] == [False, False, True]


def test_what_is_small_below_the_code_goes_with_it(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, {'app/b': b'small'}, MARKED, {'app/code': b''})
    assert runs(found) == [['0'], ['1', '2', '3']]


def test_many_small_files_are_large_as_well(tmp_path: Path) -> None:
    many = {f'app/{number // 100}/{number}': b'' for number in range(LEAST // 512)}
    assert runs(layers(tmp_path, many, MARKED)) == [['0'], ['1']]


def test_without_a_mark_all_is_one_group(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, {'app/b': LARGE})
    assert runs(found) == [['0', '1']]


def test_without_a_mark_the_code_begins_with_the_last_steps(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, {'app/b': LARGE}, {'app/c': b''}, {'app/d': LARGE})
    known = replace(found, steps=(1, 1, 2, 3))
    assert runs(known, 1) == [['0'], ['1'], ['2', '3']]
    assert runs(known, 2) == [['0'], ['1', '2', '3']]
    assert runs(known, 3) == [['0', '1', '2', '3']]
    assert runs(known, 4) == [['0', '1', '2', '3']], 'not so many are known'
    assert runs(found, 1) == [['0', '1', '2', '3']], 'none are known'


def test_the_same_layers_in_other_groups_have_other_keys(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, {'app/b': LARGE}, {'app/c': b''})
    known = replace(found, steps=(1, 2, 3))
    keys = {group_layers(known, MTIME, steps)[-1].key for steps in (0, 1, 2)}
    assert len(keys) == 3


def test_there_are_not_more_groups_than_a_few_and_the_lowest_are_one(tmp_path: Path) -> None:
    many = [{f'app/{number}': LARGE} for number in range(MOST_GROUPS + 2)]
    found = runs(layers(tmp_path, *many, MARKED))
    assert len(found) == MOST_GROUPS
    assert found[:2] == [['0', '1', '2', '3'], ['4']]
    assert found[-1] == [str(len(many))]


def test_layers_that_are_not_known_for_certain_are_one_group(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, MARKED)
    assert len(group_layers(Layers(root=found.root, names=found.names), MTIME)) == 1


def test_a_replaced_file_is_hidden_in_the_group_below(tmp_path: Path) -> None:
    found = layers(
        tmp_path, {'app/a': LARGE, 'app/src/x': b'', 'app/src/y': b''}, MARKED, {'app/src/x': b'n'}
    )
    lower, upper = group_layers(found, MTIME)
    assert lower.hidden == {b'app/src/x'}
    assert upper.hidden == frozenset()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a whiteout')
def test_what_a_whiteout_deletes_is_hidden_even_if_it_is_made_again(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE, 'app/d/x': b''}, {'app/d': None}, MARKED, {'app/d/y': b''})
    assert group_layers(found, MTIME)[0].hidden == {b'app/d'}


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a whiteout')
def test_a_whiteout_of_nothing_hides_nothing(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE}, MARKED, {'app/b': None, 'app/c/d': None})
    assert group_layers(found, MTIME)[0].hidden == frozenset()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a directory opaque')
def test_an_opaque_directory_takes_the_place_of_the_one_below(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/a': LARGE, 'app/d/x': b''}, MARKED, {'app/d/x': b'', 'app/d/y': b''})
    try:
        os.setxattr(tmp_path / '2/diff/app/d', 'trusted.overlay.opaque', b'y')
    except OSError:
        pytest.skip('this file system has no trusted attributes')
    assert group_layers(found, MTIME)[0].hidden == {b'app/d'}


def test_the_key_of_a_lower_group_changes_with_what_it_shows_and_not_otherwise(tmp_path: Path) -> None:
    below = ({'app/a': LARGE, 'app/src/x': b''}, MARKED)
    uppers: tuple[Layer, ...] = ({'app/src/y': b'1'}, {'app/src/y': b'2'}, {'app/src/x': b''})
    keys = []
    for number, upper in enumerate(uppers):
        keys.append(group_layers(layers(tmp_path / str(number), *below, upper), MTIME)[0].key)
    (tmp_path / '0/2/diff/app/src').chmod(0o700)
    found = layers(tmp_path / '9', *below, uppers[0])
    (tmp_path / '9/2/diff/app/src').chmod(0o700)
    keys.append(group_layers(found, MTIME)[0].key)
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert group_layers(found, MTIME + 1)[0].key == keys[3]


@pytest.mark.parametrize('where', ['app', 'app/src', 'app/src/x'])
@pytest.mark.parametrize('layer', ['0', '2'])
def test_no_symlink_is_followed(tmp_path: Path, where: str, layer: str) -> None:
    (tmp_path / 'host' / 'src').mkdir(parents=True)
    (tmp_path / 'host' / 'x').write_text('of the host')
    (tmp_path / 'host' / 'src' / 'x').write_text('of the host')
    found = layers(tmp_path / 'layers', {'app/a': LARGE}, MARKED, {'app/src/x': b''})
    link = tmp_path / 'layers' / layer / 'diff' / where
    if layer == '2' or where == 'app':
        for path in sorted((tmp_path / 'layers' / layer / 'diff').rglob('*'), reverse=True):
            if path.is_relative_to(link):
                path.rmdir() if path.is_dir() else path.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / 'host')
    hidden = {path for group in group_layers(found, MTIME) for path in group.hidden}
    assert not {path for path in hidden if path.startswith(os.fsencode(where) + b'/')}


def test_what_directories_hold_is_weighed_in_all_layers_and_behind_no_symlink(tmp_path: Path) -> None:
    half = bytes(LEAST // 2)
    found = layers(tmp_path / 'layers', {'app/heroku/a': half}, {'app/heroku/b': half}, {'bin/sh': LARGE})
    assert holds_much(found, [b'app/other', b'app/heroku'])
    assert not holds_much(found, [b'app/other', b'app/heroku/a'])
    (tmp_path / 'host' / 'heroku').mkdir(parents=True)
    (tmp_path / 'host' / 'heroku' / 'large').write_bytes(LARGE)
    (tmp_path / 'layers' / '2' / 'diff' / 'app').symlink_to(tmp_path / 'host')
    assert not holds_much(Layers(root=found.root, names=['2']), [b'app/heroku'])
