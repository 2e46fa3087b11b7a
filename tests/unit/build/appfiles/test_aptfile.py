"""An Aptfile names packages, and nothing else gets from it to apt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.appfiles.aptfile import PACKAGE, read_aptfile
from gitreceive.model.errors import DetectError
from tests.fakes import FakeSource


def read(text: str) -> tuple[str, ...]:
    return read_aptfile(FakeSource({'Aptfile': text}))


def refusal(text: str) -> str:
    with pytest.raises(DetectError) as caught:
        read(text)
    return str(caught.value)


def test_without_one_nothing_is_asked_for() -> None:
    assert read_aptfile(FakeSource({})) == ()


def test_packages_are_sorted_and_each_is_there_once() -> None:
    text = '# pictures\n\nzbar-tools\nlibfoo1:amd64=1:2.3-4+deb12u1~x  imagemagick # why\r\nzbar-tools\n'
    assert read(text) == ('imagemagick', 'libfoo1:amd64=1:2.3-4+deb12u1~x', 'zbar-tools')


@pytest.mark.parametrize(
    ('line', 'told'),
    [
        ('foo; rm -rf /', "'foo;' is not the name of a Debian package"),
        ('$(id)', "'$(id)' is not the name"),
        ('../../x.deb', "'../../x.deb' is not the name"),
        ('Foo', "'Foo' is not the name"),
        ('foo=', "'foo=' is not the name"),
        ('https://example.com/x.deb', 'packages are fetched by name'),
        (':repo:deb https://example.com/ x main', 'other archives are not used'),
        ('--allow-unauthenticated', 'options of apt-get are not passed on'),
        ('<<<<<<< HEAD', 'a merge conflict marker'),
        ('a' * 200, 'is not the name of a Debian package'),
    ],
)
def test_anything_else_is_refused_with_the_line(line: str, told: str) -> None:
    said = refusal(f'# one\n{line}\n')
    assert said.startswith('Aptfile, line 2: ')
    assert told in said


def test_more_packages_than_an_app_can_need_are_refused() -> None:
    assert 'more than 200 packages' in refusal('\n'.join(f'lib{number}' for number in range(10_000)))


@given(st.text(max_size=300))
def test_whatever_it_says_apt_gets_names_and_no_options(text: str) -> None:
    try:
        found = read(text)
    except DetectError as error:
        assert 'Aptfile' in str(error)
    else:
        assert all(PACKAGE.fullmatch(name) and not name.startswith('-') for name in found)
