"""Whether a quantity tells who received the control: an exact permutation test within groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Final

MOST_PERMUTATIONS: Final = 1_000_000  # two cohorts of 8 have 784; more subjects are beyond an exact test


def permutation_p(groups: Sequence[tuple[Sequence[Fraction], Sequence[bool]]]) -> Fraction | None:
    """Two-sided p of "values do not differ between controls and others"; None if there is nothing to compare.

    Each group has its members' exact values and who of them is a control; labels are permuted within groups. The
    statistic is the sum over controls of the distance from the group's mean. Runs in Python: the sums are exact
    fractions, and there are few. Null also for more than MOST_PERMUTATIONS labellings (study design, BX-BL-04, -05).
    """
    mixed = [(list(values), sum(control)) for values, control in groups if 0 < sum(control) < len(control)]
    total = 1
    for values, controls in mixed:
        total *= comb(len(values), controls)
    if not mixed or total > MOST_PERMUTATIONS:
        return None
    observed = sum((_observed(values, control) for values, control in groups if any(control)), Fraction(0))
    sums: Counter[Fraction] = Counter({Fraction(0): 1})
    for values, controls in mixed:
        sums = _convolved(sums, _sums_of_subsets(values, controls))
    extreme = sum(count for value, count in sums.items() if abs(value) >= abs(observed))
    return Fraction(extreme, total)


def _centred(values: Sequence[Fraction]) -> list[Fraction]:
    mean = sum(values, Fraction(0)) / len(values)
    return [value - mean for value in values]


def _observed(values: Sequence[Fraction], control: Sequence[bool]) -> Fraction:
    chosen = (value for value, is_control in zip(_centred(values), control, strict=True) if is_control)
    return sum(chosen, Fraction(0))


def _sums_of_subsets(values: Sequence[Fraction], size: int) -> Counter[Fraction]:
    return Counter(sum(chosen, Fraction(0)) for chosen in combinations(_centred(values), size))


def _convolved(one: Counter[Fraction], other: Counter[Fraction]) -> Counter[Fraction]:
    found: Counter[Fraction] = Counter()
    for left, times in one.items():
        for right, more in other.items():
            found[left + right] += times * more
    return found
