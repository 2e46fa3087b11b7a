"""The scenarios of warm builds: what they do about a platform that fails."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import bench.warm
from bench.errors import BenchError
from bench.measure import Row
from bench.platforms import Growing, growing_apps
from bench.setting import Bench


def test_a_platform_that_fails_takes_no_row_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def grown(growing: Growing, _: Bench) -> Iterator[Row]:
        if growing.cache == 'java':
            raise BenchError('no network')
        yield Row(name=growing.app.name, ours=None, naive=None)

    monkeypatch.setattr(bench.warm, '_grown', grown)
    rows = bench.warm.dependencies(
        cast(Bench, SimpleNamespace(sizes=SimpleNamespace(growing=('node', 'java', 'go'))))
    )
    assert [next(rows).name, next(rows).name] == ['growing-node', 'growing-go']
    with pytest.raises(BenchError, match='Java with Maven: no network'):
        next(rows)


def test_later_pushes_differ_from_the_first_in_a_dependency_only(tmp_path: Path) -> None:
    go = bench.warm._begun('go', growing_apps()['go'])
    go.app.write(tmp_path)
    first = (tmp_path / 'go.mod').read_text().splitlines()
    go.renew(tmp_path, 1)
    later = (tmp_path / 'go.mod').read_text().splitlines()
    differing = [line for line in later if line not in first]
    assert [line.split()[0] for line in differing] == ['require', '//']
