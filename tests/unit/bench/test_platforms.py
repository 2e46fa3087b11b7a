"""The apps of the bench: what they are, and what changes in them."""

from pathlib import Path

import pytest

from bench.platforms import TEXTS, growing_apps, interpreted_apps, plain_app

APPS = [plain_app(), *interpreted_apps().values(), *(growing.app for growing in growing_apps().values())]
MANIFESTS = {'node': 'package-lock.json', 'java': 'pom.xml', 'scala': 'build.sbt', 'go': 'go.mod'}


@pytest.mark.parametrize('app', APPS, ids=lambda app: app.name)
def test_an_app_has_the_file_that_changes_and_names_no_registry(app, tmp_path: Path) -> None:
    app.write(tmp_path)
    assert (tmp_path / app.code).is_file()
    texts = [path.read_text() for path in tmp_path.rglob('*') if path.is_file()]
    assert not any(word in text for text in texts for word in ('"resolved"', 'registry', 'remote:'))


@pytest.mark.parametrize('name', MANIFESTS)
def test_a_change_of_dependencies_has_another_version_and_is_unlike_those_of_earlier_runs(
    name: str, tmp_path: Path
) -> None:
    growing = growing_apps()[name]
    growing.app.write(tmp_path)
    found = []
    for number in range(1, 4):
        growing.renew(tmp_path, number)
        found.append((tmp_path / MANIFESTS[name]).read_text())
    assert len(set(map(without_marks, found))) == 3
    whole = [path.read_text() for path in sorted(tmp_path.rglob('*')) if path.is_file()]
    growing.renew(tmp_path, 3 + len(TEXTS))
    assert whole != [path.read_text() for path in sorted(tmp_path.rglob('*')) if path.is_file()]


def without_marks(text: str) -> str:
    return '\n'.join(line for line in text.splitlines() if not line.startswith(('<!--', '//')))
