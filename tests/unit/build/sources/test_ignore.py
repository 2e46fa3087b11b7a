"""Ignore lists hide what their writers mean, and no list takes long."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.sources.ignore import bounded, glob_expression, parse_dockerignore, parse_slugignore
from gitreceive.model.errors import SourceError


def hidden(text: str, *paths: str) -> list[str]:
    ignored = parse_slugignore(text.encode())
    return [path for path in paths if ignored.hides(path)]


def left_out(text: str, *paths: str) -> list[str]:
    ignored = parse_dockerignore(text.encode())
    return [path for path in paths if ignored.hides(path)]


@pytest.mark.parametrize(
    ('text', 'hides', 'shows'),
    [
        ('*.log', ['a.log', 'b/a.log', 'a.log/x'], ['a.logs', 'log']),
        ('/spec', ['spec', 'spec/', 'spec/a'], ['a/spec', 'specs']),
        ('spec/', ['spec/', 'spec/a', 'b/spec/a'], ['spec']),
        ('doc/*.txt', ['doc/a.txt'], ['doc/b/a.txt', 'x/doc/a.txt']),
        ('doc/**/a', ['doc/a', 'doc/b/c/a', 'doc/b/a/x'], ['a', 'b/doc/a']),
        ('**/doc/**', ['doc/a', 'x/doc/a/b'], ['doc/', 'x/doc/']),
        ('a/**/b/**/c', ['a/b/c', 'a/x/b/y/z/c', 'a/b/x/b/c'], ['a/c', 'b/c']),
        ('**/ab*c/d', ['abxc/d', 'abx/abc/d'], ['abx/d']),
        ('*', ['a', 'a/b', 'a/'], []),
        ('a*b*c', ['abc', 'axbbc', 'axbxc/d'], ['ab', 'abcd']),
        ('[ab]?.c', ['ax.c', 'x/bx.c'], ['cx.c', 'a/.c']),
        ('[!a]', ['b'], ['a', '/']),
        ('# note\n\n  padded  \r\n', ['padded'], ['# note']),
        ('\\#x\n\\!y', ['#x', '!y'], ['x', 'y']),
        ('*.log\n!keep.log', ['a.log'], ['keep.log', 'x/keep.log']),
        ('!a\na', ['a'], []),
        ('\ufeffa', ['a'], []),
        ('ab[c', ['ab[c'], ['abc']),
    ],
)
def test_slugignore_reads_as_gitignore(text: str, hides: list[str], shows: list[str]) -> None:
    assert hidden(text, *hides, *shows) == hides


@pytest.mark.parametrize(
    ('text', 'hides', 'shows'),
    [
        ('*.log', ['a.log'], ['b/a.log']),
        ('**/*.log', ['a.log', 'b/c/a.log'], ['a']),
        ('**.log', ['a.log', 'b/c/a.log'], ['a']),
        ('node_modules', ['node_modules/', 'node_modules/a/b'], ['x/node_modules']),
        ('/a/', ['a', 'a/b'], ['b/a']),
        ('./a/../b', ['b'], ['a']),
        ('*\n!src\n!Procfile\nsrc/*.pyc', ['x', 'src/a.pyc'], ['src/', 'src/a', 'Procfile']),
        ('*.md\n!README*.md\nREADME-secret.md', ['a.md', 'README-secret.md'], ['README.md', 'README-x.md']),
        ('a\n!a/keep', ['a/', 'a/b'], ['a/keep', 'a/keep/x']),
        ('# note\n #x', ['#x'], ['# note']),
        ('**', ['a', 'a/b'], []),
        ('a**', ['a', 'abc', 'a/b'], ['b']),
    ],
)
def test_dockerignore_reads_as_docker_does(text: str, hides: list[str], shows: list[str]) -> None:
    assert left_out(text, *hides, *shows) == hides


def test_the_root_itself_is_never_hidden() -> None:
    for parse in (parse_slugignore, parse_dockerignore):
        for text in (b'*', b'**', b'/', b'.', b'**/*', b'/**'):
            assert not parse(text).hides('')


@pytest.mark.parametrize(
    'pattern', ['*a' * 100, '**/a/' * 100 + 'b', '?*' * 100, '[ab]*' * 60 + 'c', '**/*a*a*a*a' * 20]
)
def test_patterns_that_would_go_back_and_forth_end(pattern: str) -> None:
    for parse in (parse_slugignore, parse_dockerignore):
        ignored = parse((pattern + '\n').encode() * 20)
        for path in ('a' * 255, '/'.join(['a' * 50] * 20), 'a/' * 500):
            ignored.hides(path + 'X')


def test_a_list_that_is_too_long_is_refused_with_the_place() -> None:
    with pytest.raises(SourceError, match=r'\.slugignore has more than 2000 patterns'):
        parse_slugignore(b'a\n' * 2001)
    with pytest.raises(SourceError, match=r'\.dockerignore, line 2 is no pattern'):
        parse_dockerignore(b'a\n' + b'b' * 1001)
    with pytest.raises(SourceError, match=r'line 1 is no pattern \(bad character range z-a'):
        parse_slugignore(b'[z-a]')


def test_what_a_list_costs_has_an_end() -> None:
    hides = bounded(parse_slugignore(b'# note\nab\n*.log\n'), '.slugignore', work=6 * 100)
    assert hides('x.log')
    assert [hides('a' * 19) for _ in range(4)] == [False] * 4
    with pytest.raises(SourceError, match=r'\.slugignore has too many patterns for so many files'):
        hides('a' * 20)


@given(st.binary(max_size=300), st.text(max_size=100))
def test_any_bytes_are_a_list_or_refused_as_one(content: bytes, path: str) -> None:
    for parse in (parse_slugignore, parse_dockerignore):
        try:
            parse(content).hides(path)
        except SourceError as error:
            assert 'ignore, line' in str(error)


@given(st.text('ab*?', max_size=12), st.text('ab', max_size=12))
def test_globs_of_one_name_match_as_the_shell_says(pattern: str, name: str) -> None:
    if name:
        assert bool(glob_expression(pattern).match(name)) == fnmatch.fnmatchcase(name, pattern)
