"""A file is found in an image's layers as the overlay would show it, and no symlink leads out."""

import os
from pathlib import Path

import pytest

from gitreceive.adapters.docker.layers import Layers, steps_of_layers
from gitreceive.adapters.slugfiles.overlay import CannotMount, try_layers
from gitreceive.model.cancellation import BuildClock

PATH = '/app/heroku/versions'


def layers(root: Path, *contents: dict[str, str | None]) -> Layers:
    """The uppermost first. None as a content is a whiteout (only root can make one)."""
    for number, files in enumerate(contents):
        for name, content in files.items():
            path = root / str(number) / 'diff' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                os.mknod(path, 0o020000, os.makedev(0, 0))
            else:
                path.write_text(content)
        (root / str(number) / 'diff').mkdir(parents=True, exist_ok=True)
    return Layers(root=root, names=[str(number) for number in range(len(contents))])


def test_the_uppermost_layer_that_has_the_file_counts(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/other': ''}, {PATH[1:]: 'upper'}, {PATH[1:]: 'lower'})
    assert found.read(PATH, 100) == b'upper'


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    assert layers(tmp_path, {PATH[1:]: 'x' * 1000}).read(PATH, 10) == b'x' * 10


def test_a_file_that_no_layer_has_is_none(tmp_path: Path) -> None:
    assert layers(tmp_path, {}, {'app/x': ''}).read(PATH, 100) is None


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a whiteout')
@pytest.mark.parametrize('gone', ['app', 'app/heroku', 'app/heroku/versions'])
def test_a_whiteout_hides_what_is_below(tmp_path: Path, gone: str) -> None:
    assert layers(tmp_path, {gone: None}, {PATH[1:]: 'secret'}).read(PATH, 100) is None


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a directory opaque')
def test_an_opaque_directory_hides_what_is_below(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/heroku/other': ''}, {PATH[1:]: 'old'})
    try:
        os.setxattr(tmp_path / '0' / 'diff' / 'app' / 'heroku', 'trusted.overlay.opaque', b'y')
    except OSError:
        pytest.skip('this file system has no trusted attributes')
    assert found.read(PATH, 100) is None


@pytest.mark.parametrize('where', ['app', 'app/heroku', 'app/heroku/versions'])
def test_a_symlink_is_never_followed(tmp_path: Path, where: str) -> None:
    (tmp_path / 'host' / 'heroku').mkdir(parents=True)
    (tmp_path / 'host' / 'heroku' / 'versions').write_text('of the host')
    found = layers(tmp_path, {}, {PATH[1:]: 'old'})
    link = tmp_path / '0' / 'diff' / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / 'host')
    assert found.read(PATH, 100) is None


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    found = layers(tmp_path, {'app/heroku/x': ''})
    os.mkfifo(tmp_path / '0' / 'diff' / 'app' / 'heroku' / 'versions')
    assert found.read(PATH, 100) is None


def test_layers_that_cannot_be_mounted_are_told_apart(tmp_path: Path) -> None:
    """Without rights, or because they are gone: either way another way has to be taken."""
    found = layers(tmp_path, {PATH[1:]: 'x'})
    (tmp_path / '0' / 'link').write_text('A' * 26)
    clock = BuildClock(60)
    with pytest.raises(CannotMount):
        try_layers(found, clock)
    clock.close()


def test_a_layer_without_a_short_name_cannot_be_mounted(tmp_path: Path) -> None:
    found = layers(tmp_path, {PATH[1:]: 'x'})
    (tmp_path / '0' / 'link').write_text('../../etc:x')
    with pytest.raises(CannotMount, match='short name'):
        try_layers(found, BuildClock(60))


def test_the_steps_of_layers_are_counted_from_the_top() -> None:
    history = [
        {'created_by': '/bin/sh -c #(nop) ADD file:1 in / '},
        {'created_by': 'RUN /bin/sh -c x # buildkit'},
        {'created_by': 'ENV RUN=1', 'empty_layer': True},
        {'created_by': 'RUN /bin/sh -c true # buildkit', 'empty_layer': True},
        {'created_by': 'COPY . /app # buildkit'},
        {'created_by': 'WORKDIR /app/x'},
        {'created_by': 'ADD x /app/x # buildkit'},
        {'created_by': 'CMD ["RUN"]', 'empty_layer': True},
        {},
    ]
    assert steps_of_layers(history) == (0, 1, 1, 2, 4, 4)
