"""Where the code begins in the Dockerfiles of others."""

import pytest

from gitreceive.build.dockerfiles.steps import MOST_PATHS, code_steps
from tests.fakes import FakeSource

CODE = FakeSource(
    dict.fromkeys(
        ('package.json', 'package-lock.json', 'app.js', 'src/index.js', 'lib.d/x/deep.js', 'site.json/x'), ''
    )
)
NODE = 'FROM node\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\n'


@pytest.mark.parametrize(
    ('dockerfile', 'wanted'),
    [
        (f'{NODE}COPY . .\nRUN npm run build\nCMD ["node"]\n', 2),
        (f'{NODE}COPY src ./src\nCOPY app.js .\n', 2),
        (f'{NODE}COPY ["src", "/app/src"]\n', 1),
        (f'{NODE}COPY --chown=1:1 ./src/ /app/src\n', 1),
        ('FROM node\nCOPY . /app\nRUN npm ci\n', 2),
        ('FROM node\nCOPY *.json /app/\nRUN npm ci\nCOPY . /app\n', 3),
        ('FROM node\nCOPY * /app/\nRUN npm ci\nCOPY src /app\n', 3),
        ('FROM node\nCOPY package.json /app/\nADD app.js /app/\nRUN npm ci\nCOPY src /app\n', 3),
        ('FROM node\nCOPY $FILES /app/\nRUN npm ci\nCOPY src /app\n', 3),
        ('FROM node\nCOPY missing.txt /app/\nRUN npm ci\nCOPY src /app\n', 3),
        ('FROM node\nRUN --mount=type=bind,target=/s make\nRUN --mount=type=cache,target=/c x\nCOPY src /app\n', 3),
        ('FROM node\nRUN --mount=source=package.json,target=/p npm ci\nCOPY src /app\n', 1),
        ('FROM node\nCOPY <<EOF /app/x\nCOPY . .\nEOF\nRUN x\nCOPY src /app\n', 1),
    ],
)  # fmt: skip
def test_the_code_begins_with_the_first_directory_of_it(dockerfile: str, wanted: int) -> None:
    assert code_steps(dockerfile, CODE) == wanted


def test_where_only_files_are_copied_it_begins_with_the_last_of_them() -> None:
    assert code_steps(f'{NODE}COPY app.js .\nRUN true\n', CODE) == 2


@pytest.mark.parametrize(
    ('stages', 'wanted'),
    [
        (f'{NODE}FROM slim\nCOPY --from=0 /app/node_modules /app/node_modules\nCOPY . /app\n', 1),
        (
            f'{NODE}FROM node AS built\nCOPY . .\nFROM slim\nCOPY --from=built /app/dist /app/dist\nRUN x\nCOPY app.js /app\n',
            3,
        ),
        ('FROM a AS one\nCOPY . .\nFROM ONE AS two\nRUN x\nFROM two\nRUN y\n', 3),
        ('FROM a AS one\nCOPY . .\nFROM b\nRUN --mount=from=one,target=/x y\nCOPY app.js .\n', 2),
        ('FROM a AS one\nCOPY . .\nFROM b\nCOPY --from=$WHICH /x /app\nCOPY app.js .\n', 2),
        ('ARG B=one\nFROM a AS one\nCOPY . .\nFROM $B\nRUN x\n', 2),
        ('ARG V=20\nFROM node:${V} AS one\nCOPY package.json /\nRUN x\nFROM one\nCOPY . .\n', 1),
        ('FROM a AS one\nCOPY . .\nFROM b\nCOPY --from=image /x /app\nCOPY app.js .\n', 1),
    ],
)
def test_what_comes_from_a_stage_with_code_is_code(stages: str, wanted: int) -> None:
    assert code_steps(stages, CODE) == wanted


@pytest.mark.parametrize(
    'dockerfile',
    [
        '',
        'FROM a\nRUN x\n',
        'FROM $A\nCOPY . .\n',
        'FROM a\nARG B=a\nFROM $B\nCOPY . .\n',
        'FROM a\nONBUILD COPY . .\n',
    ],
)
def test_what_is_not_known_is_nothing(dockerfile: str) -> None:
    assert code_steps(dockerfile, CODE) == 0


def test_a_dockerfile_cannot_have_the_code_searched_without_end() -> None:
    class Counted(FakeSource):
        asked = 0

        def exists(self, path: str) -> bool:
            self.asked += 1
            return super().exists(path)

    code = Counted({'app.js': ''})
    assert code_steps('FROM a\n' + ''.join(f'COPY {n}*.js /app\n' for n in range(1000)), code) == 1000
    assert code.asked <= MOST_PATHS
