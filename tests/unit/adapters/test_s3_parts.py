"""Any objects in a row can be made of parts that S3 takes."""

from hypothesis import given
from hypothesis import strategies as st

from gitreceive.adapters.storage.s3_parts import LEAST, MOST, Copied, Piece, SentPart, plan_parts

SIZES = st.one_of(
    st.integers(0, 100),
    st.integers(LEAST - 2, LEAST + 2),
    st.integers(2 * LEAST - 2, 2 * LEAST + 2),
    st.integers(0, 4 * LEAST),
    st.integers(MOST - 2, MOST + LEAST + 2),
    st.just(3 * MOST + 1),
)


def pieces(part: Copied | SentPart) -> tuple[Piece, ...]:
    return part.pieces if isinstance(part, SentPart) else (part.piece,)


def length(part: Copied | SentPart) -> int:
    return sum(piece.end - piece.start for piece in pieces(part))


@given(st.lists(SIZES, max_size=8))
def test_the_parts_are_the_objects_and_every_part_but_the_last_is_large_enough(sizes: list[int]) -> None:
    objects = [(f'o{number}', size) for number, size in enumerate(sizes)]
    made = list(plan_parts(objects))
    reached = {name: 0 for name, _ in objects}
    for piece in (piece for part in made for piece in pieces(part)):
        assert piece.start == reached[piece.name] < piece.end
        reached[piece.name] = piece.end
    assert reached == dict(objects)
    order = [piece.name for part in made for piece in pieces(part)]
    assert order == sorted(order)
    assert all(LEAST <= length(part) <= MOST for part in made[:-1])
    assert all(length(part) < 3 * LEAST for part in made if isinstance(part, SentPart))


def test_what_is_large_enough_is_not_sent_again() -> None:
    made = list(plan_parts([('runtime', 30 << 20), ('dependencies', 6 << 20), ('code', 100)]))
    assert [type(part) for part in made] == [Copied, Copied, SentPart]
    assert length(made[2]) == 100


def test_a_small_object_takes_the_beginning_of_the_next_one_with_it() -> None:
    made = list(plan_parts([('runtime', 100), ('dependencies', 40 << 20), ('code', 1)]))
    assert [length(part) for part in made] == [LEAST, (40 << 20) - LEAST + 100, 1]


def test_nothing_is_made_of_nothing() -> None:
    assert list(plan_parts([])) == []
    assert list(plan_parts([('empty', 0)])) == []
