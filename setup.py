"""What setup.cfg cannot say: data files by directory, so that a new buildpack or stack is installed with no line for it."""

from pathlib import Path

from setuptools import setup

TREES = ('hooks', 'buildpacks', 'stacks')
LEFT_OUT = ('README.md', '__pycache__')


def data_files() -> list[tuple[str, list[str]]]:
    """Each directory of the trees with its files, below ``share/gitreceive``."""
    found: dict[str, list[str]] = {}
    for tree in TREES:
        for path in sorted(Path(tree).rglob('*')):
            if path.is_file() and not set(path.parts) & set(LEFT_OUT):
                found.setdefault(f'share/gitreceive/{path.parent}', []).append(str(path))
    return list(found.items())


setup(data_files=data_files())
