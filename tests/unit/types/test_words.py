"""Columns of 256-bit numbers compare as Python's numbers do."""

from hypothesis import given
from hypothesis import strategies as st

from zkattest.types.words import Words

EDGES = [0, 1, 2**64 - 1, 2**64, 2**128 - 1, 2**128, 2**192, 2**255, 2**256 - 1]
NUMBER = st.sampled_from(EDGES) | st.integers(0, 2**64 - 1) | st.integers(0, 2**256 - 1)


def words(numbers: list[int]) -> Words:
    return Words.from_bytes(b"".join(one.to_bytes(32, "big") for one in numbers))


@given(st.lists(NUMBER, max_size=8))
def test_words__hold_what_was_read(numbers):
    column = words(numbers)
    assert len(column) == len(numbers)
    assert column.tolist() == numbers
    assert [column[row] for row in range(len(numbers))] == numbers
    assert column.low.tolist() == [one % 2**64 for one in numbers]


@given(st.lists(NUMBER, max_size=8), NUMBER | st.just(2**256) | st.just(2**300))
def test_words__compared_with_a_number(numbers, other):
    column = words(numbers)
    assert (column < other).tolist() == [one < other for one in numbers]
    assert (column > other).tolist() == [one > other for one in numbers]
    assert column.differs(other).tolist() == [one != other for one in numbers]


@given(st.lists(st.tuples(NUMBER, NUMBER), max_size=8))
def test_words__compared_with_another_column(pairs):
    left, right = words([one for one, _ in pairs]), words([other for _, other in pairs])
    assert (left < right).tolist() == [one < other for one, other in pairs]
    assert (left > right).tolist() == [one > other for one, other in pairs]
