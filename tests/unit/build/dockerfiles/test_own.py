"""Other people's Dockerfiles: what is read out of them, and what is refused however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.dockerfiles.instructions import parse_dockerfile
from gitreceive.build.dockerfiles.own import bases, command, refuse_dangers, with_triggers
from gitreceive.model.dockerfile import without_syntax
from gitreceive.model.errors import DetectError

TEXT = st.lists(
    st.sampled_from(
        [
            'FROM a',
            'RUN x \\',
            'RUN <<EOF',
            'EOF',
            '',
            '# escape=`',
            'ADD http://x /y',
            'ONBUILD',
            '`',
            '\t',
            'CMD []',
        ]
    )
    | st.text(max_size=30)
).map('\n'.join)


def words(text: str) -> list[tuple[str, str]]:
    return [(instruction.word, instruction.rest) for instruction in parse_dockerfile(text)]


def refusal(text: str) -> str:
    with pytest.raises(DetectError) as error:
        refuse_dangers(text)
        bases(text)
    return str(error.value)


def test_instructions_are_joined_and_comments_and_heredocs_are_none() -> None:
    text = '\n'.join(
        [
            '# title',
            ' from a AS b',
            'RUN one \\',
            '  # in between',
            '',
            '  two',
            'RUN <<-"END" cat',
            'FROM no',
            '\tEND',
            'onbuild copy . /app',
        ]
    )
    assert words(text) == [
        ('FROM', 'a AS b'),
        ('RUN', 'one   two'),
        ('RUN', '<<-"END" cat'),
        ('COPY', '. /app'),
    ]
    assert [(found.start, found.end) for found in parse_dockerfile(text)] == [(1, 2), (2, 6), (6, 9), (9, 10)]


def test_no_line_is_looked_at_again_for_each_of_many_heredocs_without_an_end() -> None:
    assert len(parse_dockerfile('FROM a\n' + 'RUN <<A <<B\n' * 50_000)) == 50_001
    assert bases(''.join(f'ARG a{number}=b\n' for number in range(50_000)) + 'FROM $a7') == ('b',)


def test_the_escape_directive_counts_at_the_top_only() -> None:
    assert words('# escape=`\nRUN a `\nb\\\nRUN c') == [('RUN', 'a b\\'), ('RUN', 'c')]
    assert words('# note\n# escape=`\nRUN a\\\nb') == [('RUN', 'ab')]


def test_onbuild_instructions_of_the_last_stage_are_carried_out_at_the_end() -> None:
    text = 'FROM a\nONBUILD RUN no\nFROM b\nONBUILD COPY . /app\nCMD x\nonbuild \\\n  RUN one \\\n two\nONBUILD RUN <<E\nx\nE'
    assert with_triggers(text) == f'{text}\nCOPY . /app\nRUN one \\\n two\nRUN <<E\nx\nE\n'
    assert with_triggers('FROM a\nCMD x') == 'FROM a\nCMD x'


@pytest.mark.parametrize('line', ['# syntax=evil/image', '#SYNTAX = evil', '//syntax=evil'])
def test_a_syntax_line_is_taken_out_and_the_rest_stays(line: str) -> None:
    text = '# escape=`\n\nFROM a\n# syntax=later\n'
    assert without_syntax(f'{line}\n{text}') == text
    assert without_syntax(f'# escape=`\n{line}\n\nFROM a\n# syntax=later\n') == text
    assert without_syntax(line) == ''


@pytest.mark.parametrize(
    ('text', 'images'),
    [
        ('FROM a:1 AS x\nFROM x\nCOPY --from=x /a /b\nCOPY --chown=u --from=0 /a /b', ('a:1',)),
        ('ARG BASE=a:2\nFROM --platform=linux/amd64 ${BASE}\nFROM $BASE as Y\nFROM y', ('a:2',)),
        ('FROM scratch\nCOPY --from=tools:1 /a /b', ('tools:1',)),
        (
            'FROM a\nRUN --mount=type=bind,from=b:3,target=/x ls\nONBUILD COPY --from=c /a /b',
            ('a', 'b:3', 'c'),
        ),
        ('FROM a\nRUN <<EOF\nFROM users\nEOF', ('a',)),
        ('FROM a\nRUN <<EOF\nFROM users\nCMD\nEOF', ('a',)),
        ('FROM a\nRUN <<CMD python3\nfrom os import path\nprint(path)\nCMD', ('a',)),
        ('FROM a\nRUN <<CMD\nFROM users\nCMD', ('a', 'users')),
        ('FROM a\nRUN <<CMD\nCOPY --from=users / /\nCMD', ('a', 'users')),
        ('FROM a\nRUN x \\\\\nFROM b', ('a', 'b')),
        ('FROM a\nRUN x `\nFROM b\n# escape=`', ('a', 'b')),
        ('FROM a\nRUN <<CMD\nONBUILD no\nFROM b\nCMD', ('a', 'b')),
        ('FROM a\nRUN <<CMD\nFROM 127.0.0.1:5000/b\nCMD', ('a', '127.0.0.1:5000/b')),
        ('FROM a\nCOPY --fr\\om=b /x /y', ('a', 'b')),
        ('FROM a\nRUN --mount=type=bind,fr"om"=b,From=c,from=d ls', ('a', 'b', 'c', 'd')),
        ('FROM a\nRUN --mount=from=0 ls', ('a', '0')),
        ('FROM a\nRUN x \\\\\nCOPY --from=b.x/y /x /y', ('a', 'b.x/y')),
        ('FROM a\nRUN x \\\xa0\nCOPY --from=b /x /y', ('a', 'b')),
        ('ARG A=a\nARG X="b c" A=b\nFROM $A', ('b',)),
        ('RUN x', ()),
    ],
)
def test_the_images_that_it_builds_on_are_known_before(text: str, images: tuple[str, ...]) -> None:
    assert bases(text) == images


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('FROM $BASE', "line 1: '$BASE' is not known before the build"),
        ('FROM a\nCOPY --from=${X} /a /b', "line 2: '${X}' is not known before the build"),
        ('ARG A=a/\nARG A\nFROM ${A}b', "line 3: '${A}b' is not known before the build"),
        ('ARG A=a\nARG X="\\" A=b\nFROM $A', "line 3: '$A' is not known before the build"),
        ('ARG BUILDKIT_CACHE_MOUNT_NS=a\nFROM $BUILDKIT_CACHE_MOUNT_NS', 'is not known before the build'),
        ('FROM a/../../containers/b', 'is not the name of an image'),
        ('FROM gitreceive-app/other:1', 'is the image of an app'),
        ('FROM a\nRUN --mount=from=gitreceive-app/other:1 ls', 'is the image of an app'),
        ('FROM a\nADD http://169.254.169.254/ /app/', 'line 2: ADD of an address'),
        ('FROM a\nADD ["http://x", "/app/"]', 'ADD of an address'),
        ('FROM a\nadd --chown=app a git@host:x.git /app', 'ADD of an address'),
        ('FROM a\nADD $URL /app', 'ADD of an address'),
        ('FROM a\nONBUILD ADD https://x /app', 'ADD of an address'),
        ('FROM a\nAD\\\nD https://x /app', 'ADD of an address'),
        ('FROM a\nRUN <<CMD\nADD https://x /app\nCMD', 'ADD of an address'),
        ('FROM a\n# escape=`\nRUN x\\\nADD https://x /app', 'ADD of an address'),
        ('# escape=`\nFROM a\nRUN x\\\nADD https://x /app', 'ADD of an address'),
        ('FROM a\nADD http:\\//169.254.169.254/ /app/', 'ADD of an address'),
        ('FROM a\nADD "http:"//x /app/', 'ADD of an address'),
        ('FROM a\nADD ["http:\\\\//x", "/app/"]', 'ADD of an address'),
        ('FROM a\nRUN x \\\\\nADD https://x /app', 'ADD of an address'),
        ('FROM a\nRUN x \\\n\x1c\nADD https://x /app', "line 3: it holds '\\x1c'"),
        ("FROM a\nRUN <<'E\\'\nE\\\nADD https://x /app", 'line 2: what follows "<<" has to be a plain word'),
        ("FROM a\nRUN <<''\nx \\\n\nADD https://x /app", 'has to be a plain word'),
        ("FROM a\nRUN x\xa0<<-'#'\nx \\\n#\nADD https://x /app", 'has to be a plain word'),
        ('FROM a\nRUN --net"work"=host x', '--network=host is not given'),
        ('{"syntax": "evil/image"}', 'line 1: this is no instruction'),
        ('\ufeff# syntax=evil/image\nFROM a', 'line 1: this is no instruction'),
        ('FROM a\nRUN --network=host x', '--network=host is not given'),
        ('FROM a\nRUN --mount=type=cache,target=/x --security=insecure x', '--security=insecure is not'),
    ],
)
def test_what_reaches_beyond_the_build_is_refused_however_it_is_written(text: str, said: str) -> None:
    assert said in refusal(text)


def test_continued_lines_are_not_taken_for_instructions() -> None:
    text = 'FROM a\nRUN psql -c "SELECT * \\\n  FROM users"\nRUN helm repo \\\n  add x https://x --force'
    refuse_dangers(text)
    assert bases(text) == ('a',)


def test_adding_files_of_the_code_is_not_refused() -> None:
    refuse_dangers(
        'FROM a\nRUN cat <<EOF >>/x && cat <<-"E.F" <<<word\nADD\nEOF\nE.F\nADD . $HOME\nADD --chown=app:app a b /app/\nRUN curl https://x\nRUN --network=none x'
    )


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('FROM a\nCMD ["node", "a b.js", "$X"]', "node 'a b.js' '$X'"),
        ('FROM a\nCMD node server.js --port $PORT', 'node server.js --port $PORT'),
        ('FROM a\nENTRYPOINT ["python"]\nCMD ["app.py"]', 'python app.py'),
        ('FROM a\nENTRYPOINT exec run\nCMD ["x"]', 'exec run'),
        ('FROM a\nCMD one\nCMD two', 'two'),
        ('FROM a\nCMD one\nFROM b', ''),
        ('FROM a\nWORKDIR /app\nWORKDIR web\nCMD ["run"]', 'cd /app/web && run'),
        ('FROM a\nWORKDIR /app/src\nCMD run', 'run'),
        ('FROM a\nWORKDIR $X\nCMD run', 'run'),
        ('FROM a\nWORKDIR "/app/my web"\nCMD run', "cd '/app/my web' && run"),
        ('FROM a', ''),
    ],
)
def test_cmd_and_entrypoint_are_a_command(text: str, expected: str) -> None:
    assert command(parse_dockerfile(text)) == expected


@given(TEXT)
def test_any_text_is_read_to_its_end(text: str) -> None:
    found = parse_dockerfile(text)
    assert all(instruction.start < instruction.end for instruction in found)
    command(found)
    for check in (refuse_dangers, bases, without_syntax):
        try:
            check(text)
        except DetectError as error:
            assert str(error).startswith('Dockerfile, line ')
