"""Steps have short names for people."""

import pytest

from gitreceive.adapters.buildkit.titles import LONGEST, runs, title


@pytest.mark.parametrize(
    ('name', 'short'),
    [
        ('[ 3/9] RUN ["/tmp/buildpack/install-node", "24.x"]', 'install-node 24.x'),
        ('[3/9] RUN --mount=type=bind,source=env,target=/tmp/env --network=none npm ci', 'npm ci'),
        ('[stage-0 4/4] RUN ["/bin/sh", "-c", "npm run build"]', 'npm run build'),
        ('[2/4] RUN  pip   install\t-r requirements.txt', 'pip install -r requirements.txt'),
        ('[2/4] COPY --chown=app src/ /app/src', 'COPY src/ /app/src'),
        ('[2/4] RUN ["not json', '["not json'),
    ],
)
def test_a_step_of_the_dockerfile_is_named_by_its_command(name: str, short: str) -> None:
    assert title(name) == short


@pytest.mark.parametrize(
    'name', ['[internal] load build context', 'copy /context /', 'exporting to image', '']
)
def test_what_the_engine_does_by_itself_has_no_name(name: str) -> None:
    assert title(name) is None


def test_a_long_command_is_cut() -> None:
    short = title('[1/2] RUN ' + 'x' * 500)
    assert short is not None
    assert len(short) == LONGEST
    assert short.endswith('…')


def test_only_commands_run() -> None:
    assert runs('[1/2] RUN true')
    assert not runs('[1/2] COPY a b')
    assert not runs('[internal] RUN true')
