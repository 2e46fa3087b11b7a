"""Whatever the manifests of a platform say, its Dockerfile has the same instructions, and commands stay ours."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.errors import GitReceiveError
from tests.unit.stages.test_dockerfile import TEXT, recipe, shape

START = [('FROM',), ('ENV',), ('USER',)]
END = ('WORKDIR',)

USUAL: Mapping[str, dict[str, str]] = {
    'go': {'go.mod': 'module a\ngo 1.24\n', 'main.go': 'package main'},
    'static': {'Staticfile': 'root: web', 'web/index.html': '', 'web/404.html': ''},
}
STEPS: Mapping[str, list[tuple[str, ...]]] = {
    'go': [('RUN', '/tmp/buildpack/install-go'), ('COPY',), ('RUN', '/tmp/buildpack/compile')],
    'static': [('RUN', '/tmp/buildpack/install-nginx'), ('COPY',)],
}


@pytest.mark.parametrize('platform', USUAL)
def test_an_ordinary_app_has_these_steps(platform: str) -> None:
    assert shape(recipe(dict(USUAL[platform]))) == [*START, *STEPS[platform], END]


@pytest.mark.parametrize('platform', USUAL)
@settings(deadline=None, max_examples=60)
@given(words=st.lists(TEXT, min_size=4, max_size=4), data=st.data())
def test_no_manifest_adds_an_instruction(platform: str, words: list[str], data: st.DataObject) -> None:
    """Texts of an attacker are put into the manifests at any place, and into the names of files."""
    files: dict[str, str | bytes] = {}
    for name, content in USUAL[platform].items():
        places = [place for place, letter in enumerate(content) if letter in ' \n"\'>'] or [0]
        at = data.draw(st.sampled_from(places)) + 1
        files[name] = f'{content[:at]}{words[0]}{content[at:]}\n{words[1]}'.encode('utf-8', 'replace')
    files[words[2]] = words[3].encode('utf-8', 'replace')
    try:
        found = shape(recipe(files))
    except GitReceiveError:
        return
    allowed = {*START, *STEPS[platform], END}
    assert found[:3] == START and found[-1] == END
    assert set(found) <= allowed
    assert len(found) <= len(STEPS[platform]) + 5
