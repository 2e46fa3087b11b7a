"""What git is told on every repository. Given with each command, so that repositories of earlier versions obey too."""

from collections.abc import Iterator

EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
"""The one object that git has in every repository."""

RULES = (
    ('receive.unpackLimit', '1'),
    ('receive.fsckObjects', 'true'),
    ('receive.advertisePushOptions', 'true'),
    ('receive.autogc', 'false'),
    ('receive.shallowUpdate', 'false'),
    ('receive.denyDeleteCurrent', 'false'),
    ('receive.hideRefs', 'refs/releases'),
    ('receive.hideRefs', 'refs/failed'),
    ('uploadpack.hideRefs', 'refs/failed'),
    ('transfer.fsckObjects', 'true'),
    ('gc.auto', '0'),
    ('core.bigFileThreshold', '1048576'),
    ('core.protectHFS', 'true'),
    ('core.protectNTFS', 'true'),
    ('core.logAllRefUpdates', 'true'),
    ('pack.threads', '1'),
    (
        'core.alternateRefsCommand',
        f"git for-each-ref --format='%(objectname)' refs/failed | grep . || echo {EMPTY_TREE} #",
    ),
)
"""``bigFileThreshold``: 500 MB of zeros in a 600 KB pack cost 4.6 MB of memory instead of 492. ``unpackLimit``: packs
are kept as they come, 300 MB of blobs take 3.8 s instead of 10.6. ``alternateRefsCommand``: see
``gitreceive.repositories.failed``; git runs it in the repository, and ``#`` hides the argument that it adds."""

WINDOWS = (('core.packedGitWindowSize', '32m'), ('core.packedGitLimit', '256m'))
"""How much of a pack is mapped at once: with git's own default, a pack of 1 GB does not fit into the memory limit."""

HARMLESS = (
    'badDate',
    'badDateOverflow',
    'badEmail',
    'badName',
    'badTimezone',
    'missingEmail',
    'missingNameBeforeEmail',
    'missingSpaceBeforeDate',
    'missingSpaceBeforeEmail',
    'multipleAuthors',
    'nulInCommit',
    'zeroPaddedDate',
    'zeroPaddedFilemode',
)
"""Faults of histories that other tools wrote (git-fsck(1), "FSCK MESSAGES"; all of them known to git 2.20): nothing that
is deployed depends on them, and nobody can mend them without rewriting what others have. All other faults stay errors:
trees that are checked out elsewhere than they say, and objects that do not hold together."""


def rules() -> Iterator[tuple[str, str]]:
    """Each setting with its value."""
    yield from RULES
    yield from WINDOWS
    for fault in HARMLESS:
        yield f'receive.fsck.{fault}', 'warn'


def as_options() -> list[str]:
    """The settings as options of git's own, before the command."""
    return [word for key, value in rules() for word in ('-c', f'{key}={value}')]
