"""Git LFS pointers are found where .gitattributes says that there may be some, and named."""

from gitreceive.build.sources.lfs import POINTER, lfs_note
from tests.fakes import FakeSource

ATTRIBUTES = (
    '*.png filter=lfs diff=lfs merge=lfs -text\n/video/** filter=lfs\n*.txt text\n# *.md filter=lfs\n'
)
ONE = POINTER + b'oid sha256:' + b'a' * 64 + b'\nsize 12345\n'


def note(files: dict[str, str | bytes]) -> str | None:
    return lfs_note(FakeSource(files))


def test_pointers_are_named_and_files_are_not() -> None:
    told = note(
        {
            '.gitattributes': ATTRIBUTES,
            'a/b.png': ONE,
            'video/x': ONE,
            'real.png': b'\x89PNG' * 10,
            'large.png': ONE * 100,
            'other.txt': ONE,
        }
    )
    assert told is not None
    assert told.startswith(
        'Git LFS pointers, not the files themselves, are in the commit: a/b.png, video/x. '
    )


def test_many_pointers_are_bounded() -> None:
    told = note({'.gitattributes': ATTRIBUTES, **{f'{number:03}.png': ONE for number in range(50)}})
    assert told is not None
    assert '009.png and more. ' in told


def test_without_attributes_for_lfs_nothing_is_looked_at() -> None:
    assert note({'a.png': ONE}) is None
    assert note({'.gitattributes': '*.png text', 'a.png': ONE}) is None
    assert note({'.gitattributes': '[z-a] filter=lfs', 'a.png': ONE}) is None
