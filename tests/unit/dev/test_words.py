"""The linter of words finds private words where they stand, and leaves their normal meanings alone."""

import pytest

from dev.words import look, parts, twice


def words(text: str, path: str = 'gitreceive/x.py') -> list[str]:
    return [found.word for found in look(path, text)]


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('"""What the door says to strangers."""\n', ['door', 'strangers']),
        ('"""What the SSH server says to peers."""\n\nstranger_packets = 1\n', ['stranger_packets']),
        ('"""A module of this project."""\n\nx = open_keeper()._far\n', ['_far', 'open_keeper']),
        (
            '"""A module of this project."""\n\n\nclass OpenDesk:\n    """It has a name of its own."""\n',
            ['OpenDesk'],
        ),
        (
            '"""A module of this project."""\n\nraise StateError("another builder answers")\n',
            ['another builder'],
        ),
        ('"""They."""\n', ['They.']),
        ('"""A module of this project."""\n\nimport farm, so_farther, doorman\n', []),
        ('"""As far as we know, a builder image is builder enough."""\n', []),
    ],
)
def test_private_words_are_found_in_names_and_in_prose(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_documents_are_read_as_prose_only() -> None:
    text = '# What the builder does\n\n`far = 1` stands there.\n'
    assert words(text, 'docs/x.md') == ['the builder']


def test_a_line_that_is_allowed_is_left_alone() -> None:
    assert not words('Replaced by 0041: the door is called SSH server.', 'docs/adr/0001-x.md')


def test_names_are_taken_apart() -> None:
    assert parts('_open_keeper') == ['open', 'keeper'] and parts('OpenSSHKeeper2') == [
        'open',
        'ssh',
        'keeper',
    ]


def test_two_classes_of_one_name_are_found_in_the_package() -> None:
    sources = {'gitreceive/a.py': 'class Kept: ...', 'gitreceive/b.py': 'class Kept: ...\nclass _Own: ...'}
    assert [found.path for found in twice(sources)] == ['gitreceive/b.py']
    assert not twice({'tests/a.py': 'class Kept: ...', 'tests/b.py': 'class Kept: ...'})
