"""The exact permutation test, against counting by hand and by brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.derive.independence import permutation_p

ONE_TO_EIGHT = [Fraction(n) for n in range(1, 9)]


def among_eight(*controls: int) -> tuple[list[Fraction], list[bool]]:
    return ONE_TO_EIGHT, [n in controls for n in range(1, 9)]


@pytest.mark.parametrize(
    ("groups", "p"),
    [
        ([among_eight(1, 2)], Fraction(2, 28)),
        ([among_eight(4, 5)], Fraction(1)),
        ([among_eight(1, 3)], Fraction(4, 28)),
        ([among_eight(1, 2), among_eight(1, 2)], Fraction(2, 28 * 28)),
        ([among_eight(1, 2), among_eight(7, 8)], Fraction(1)),
        ([([Fraction(7)] * 8, among_eight(1, 2)[1])], Fraction(1)),
    ],
)
def test_p_is_the_share_of_labellings_at_least_as_far_from_the_mean(groups: list, p: Fraction) -> None:
    assert permutation_p(groups) == p


def test_nothing_to_compare_has_no_p() -> None:
    assert permutation_p([]) is None
    assert permutation_p([(ONE_TO_EIGHT, [False] * 8)]) is None
    assert permutation_p([(ONE_TO_EIGHT, [True] * 8)]) is None
    many = [Fraction(n) for n in range(100)]
    assert permutation_p([(many, [n < 50 for n in range(100)])]) is None


@given(
    st.lists(st.tuples(st.fractions(-5, 5, max_denominator=6), st.booleans()), min_size=1, max_size=7),
)
def test_p_equals_brute_force(members: list[tuple[Fraction, bool]]) -> None:
    values, control = [value for value, _ in members], [flag for _, flag in members]
    size = sum(control)
    if size in (0, len(values)):
        assert permutation_p([(values, control)]) is None
        return
    mean = sum(values, Fraction(0)) / len(values)

    def distance(chosen: tuple[int, ...]) -> Fraction:
        return abs(sum((values[n] - mean for n in chosen), Fraction(0)))

    observed = distance(tuple(n for n, flag in enumerate(control) if flag))
    every = [distance(chosen) for chosen in combinations(range(len(values)), size)]
    assert permutation_p([(values, control)]) == Fraction(sum(each >= observed for each in every), len(every))
