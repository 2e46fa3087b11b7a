"""What of this checkout comes with the program."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = ('hooks', 'buildpacks', 'stacks')


def shipped() -> dict[str, set[str]]:
    """Directory to file names, of all that is committed in the trees."""
    listed = subprocess.run(
        ['git', 'ls-tree', '-r', '-z', '--name-only', 'HEAD', *TREES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, set[str]] = {}
    for path in map(Path, filter(None, listed.split('\0'))):
        if path.name != 'README.md':
            found.setdefault(str(path.parent), set()).add(path.name)
    return found
