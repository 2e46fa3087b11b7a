"""The result as Markdown. Pure."""

from collections.abc import Sequence

from bench.measure import Row, Series

RESOLUTION = 0.03
"""Seconds. Stages are told apart by lines of a log that is looked at every 30 ms (``gitreceive/daemon/follow.py``)."""

HEAD = """\
| | times faster | wanted | this receiver, s | naive way, s | runs |
|---|---:|---:|---:|---:|---:|
"""


def render(rows: Sequence[Row], facts: Sequence[str], remarks: Sequence[str], missing: Sequence[str]) -> str:
    """The whole text: where it was measured, the table, what else there is to say, what is not in it."""
    return '\n'.join(
        [
            '# This receiver and the naive way, in one run',
            '',
            *(f'- {fact}' for fact in facts),
            '',
            'Seconds are medians, with the least and the most in brackets. "Times faster" is the naive median by ours.',
            'Rows with "beside" say what the second number is instead: both are of this receiver.',
            'Rows with an arrow are the stages of the push above them, known to 0.03 s: shorter ones have no ratio.',
            '',
            HEAD + '\n'.join(_line(row) for row in rows),
            '',
            *(f'- {remark}' for remark in remarks),
            '',
            'Not measured:',
            '',
            *(f'- {reason}' for reason in missing),
            '',
        ]
    )


def _line(row: Row) -> str:
    name = f'↳ {row.name}' if row.stage else row.name
    cells = (name, _ratio(row), _wanted(row), _seconds(row.ours), _seconds(row.naive), _runs(row))
    return f'| {" | ".join(cells)} |'


def _ratio(row: Row) -> str:
    if row.ratio is None or _too_short(row):
        return '-'
    text = f'{row.ratio:.2f}' if row.ratio < 10 else f'{row.ratio:.1f}'
    return text if row.stage else f'**{text}**'


def _too_short(row: Row) -> bool:
    shortest = min(found.median for found in (row.ours, row.naive) if found)
    return row.stage and shortest < RESOLUTION


def _wanted(row: Row) -> str:
    if row.wanted is None:
        return ''
    return f'≥ {row.wanted:.2f}{" (missed)" if row.missed else ""}'


def _seconds(found: Series | None) -> str:
    if found is None:
        return '-'
    low, high = min(found.values), max(found.values)
    if len(found.values) == 1:
        return _short(low)
    return f'{_short(found.median)} ({_short(low)}-{_short(high)})'


def _short(seconds: float) -> str:
    return f'{seconds:.3f}' if seconds < 1 else f'{seconds:.2f}' if seconds < 100 else f'{seconds:.0f}'


def _runs(row: Row) -> str:
    return str(max(len(found.values) if found else 0 for found in (row.ours, row.naive)))
