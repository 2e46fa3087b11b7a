"""The scenarios of warm builds: what they do about a platform that fails."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

import bench.warm
from bench.errors import BenchError
from bench.measure import Row
from bench.platforms import Growing
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
