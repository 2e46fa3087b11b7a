"""The bench's own arithmetic: series in turn, ratios, stages, the table."""

from bench.measure import Row, Series, alternate, series
from bench.ours import MARKS
from bench.push import STAGES, stages
from bench.table import render


def row(ours: float | None, naive: float | None, wanted: float | None = None) -> Row:
    """A row of single measurements."""
    return Row(name='a push', ours=ours and Series((ours,)), naive=naive and Series((naive,)), wanted=wanted)


def test_measurements_are_taken_in_turn_and_in_changing_order() -> None:
    taken: list[str] = []
    results = alternate(3, [lambda: taken.append('a'), lambda: taken.append('b')])
    assert taken == ['a', 'b', 'b', 'a', 'a', 'b']
    assert [len(found) for found in results] == [3, 3]


def test_a_ratio_is_the_naive_median_by_ours() -> None:
    found = Row(name='x', ours=Series((1.0, 2.0, 9.0)), naive=Series((3.0, 4.0, 5.0)), wanted=3.0)
    assert found.ratio == 2.0
    assert found.missed


def test_what_was_not_measured_has_no_ratio_and_misses_nothing() -> None:
    assert series([None, None]) is None
    assert row(1.0, None, 3.0).ratio is None
    assert not row(1.0, None, 3.0).missed


def test_stages_are_the_times_between_the_lines_that_end_them() -> None:
    lines = [
        (0.25, 'remote: -----> Building hello on cedar-12 (build 1)'),
        (0.5, 'remote: -----> Node.js app detected (package.json)'),
        (0.75, 'remote:        Using Node.js 24.x'),
        (1.5, 'remote: -----> Discovering process types'),
        (1.5, 'remote: -----> Packing the slug'),
        (2.0, f'remote:        55.3 MB, sha256 {"0" * 64}'),
        (2.25, 'remote: -----> Releasing'),
    ]
    found = stages(lines, MARKS, 2.5)
    assert found == {'receive': 0.25, 'plan': 0.25, 'build': 1.0, 'cut': 0.5, 'store': 0.25, 'end': 0.25}
    assert tuple(found) == STAGES


def test_a_stage_without_its_line_is_left_out_and_the_others_stay() -> None:
    found = stages([(1.0, '-----> Building x'), (3.0, '-----> Releasing')], MARKS, 4.0)
    assert found == {'receive': 1.0, 'store': 2.0, 'end': 1.0}


def test_the_table_marks_what_missed_its_target_and_shows_gaps() -> None:
    text = render(
        [row(1.0, 2.0, 3.0), row(0.5, None, 3.0)], ['a machine'], ['a remark'], ['The naive way: no sshd']
    )
    assert '| a push | **2.00** | ≥ 3.00 (missed) | 1.00 | 2.00 | 1 |' in text
    assert '| a push | - | ≥ 3.00 | 0.500 | - | 1 |' in text
    assert '- The naive way: no sshd' in text


def test_a_stage_that_is_too_short_to_tell_has_no_ratio() -> None:
    stage = Row(name='plan', ours=Series((0.001,)), naive=Series((0.01,)), stage=True)
    assert '| ↳ plan | - |  | 0.001 | 0.010 | 1 |' in render([stage], [], [], [])
