"""What a container uses, by the control groups of the kernel."""

from pathlib import Path

import pytest

from gitreceive.adapters.docker.cgroups import GroupUse, measured

NAME = 'a' * 64
FOUND = GroupUse(memory=700, memory_limit=5000, cpu=2_000_000)


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace('__', '.')).write_text(text)


@pytest.mark.parametrize('folder', [f'docker/{NAME}', f'system.slice/docker-{NAME}.scope'])
def test_version_2_has_one_directory_for_everything(folder: str, tmp_path: Path) -> None:
    write(
        tmp_path / folder,
        memory__current='1000\n',
        memory__max='5000\n',
        memory__stat='anon 600\ninactive_file 300\n',
        cpu__stat='usage_usec 2000\nuser_usec 7\n',
    )
    assert measured(NAME, tmp_path) == FOUND


@pytest.mark.parametrize('folder', [f'docker/{NAME}', f'system.slice/docker-{NAME}.scope'])
def test_version_1_has_one_for_each_kind(folder: str, tmp_path: Path) -> None:
    write(
        tmp_path / 'memory' / folder,
        memory__usage_in_bytes='1000\n',
        memory__limit_in_bytes='5000\n',
        memory__stat='total_inactive_file 300\n',
    )
    write(tmp_path / 'cpuacct' / folder, cpuacct__usage='2000000\n')
    assert measured(NAME, tmp_path) == FOUND


def test_a_container_of_another_host_has_none(tmp_path: Path) -> None:
    assert measured(NAME, tmp_path) is None


def test_one_that_has_just_ended_has_none(tmp_path: Path) -> None:
    write(tmp_path / 'docker' / NAME, memory__current='1000\n')
    assert measured(NAME, tmp_path) is None
