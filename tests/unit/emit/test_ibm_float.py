"""IBM hexadecimal doubles against values worked out by hand or with exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from pipeline.emit.xpt.ibm_float import ibm_bits, too_large, too_small


def bits(value: float) -> int:
    return int(ibm_bits(np.array([value]))[0])


def exact(ibm: int) -> Fraction:
    """What an IBM double says, without any rounding."""
    size = Fraction(ibm & (1 << 56) - 1, 1 << 56) * Fraction(16) ** ((ibm >> 56 & 0x7F) - 64)
    return -size if ibm >> 63 else size


@pytest.mark.parametrize(
    ("value", "ibm"),
    [
        (0.0, 0x0000000000000000),
        (-0.0, 0x0000000000000000),
        (1.0, 0x4110000000000000),
        (-1.0, 0xC110000000000000),
        (2.0, 0x4120000000000000),
        (0.5, 0x4080000000000000),
        (16.0, 0x4210000000000000),
        (-118.625, 0xC276A00000000000),
        (0.1, 0x401999999999999A),
        (2.0**-260, 0x0010000000000000),
        (np.nextafter(2.0**252, 0), 0x7FFFFFFFFFFFFFF8),
        (2.0**-261, 0x0000000000000000),
        (5e-324, 0x0000000000000000),
    ],
)
def test_a_double_becomes_the_ibm_double_worked_out_by_hand(value: float, ibm: int) -> None:
    assert bits(value) == ibm


@pytest.mark.parametrize("value", [np.pi, -np.e * 1e-70, 1 / 3, 7.2e75, 9007199254740993.0, 98.6])
def test_an_ibm_double_says_exactly_what_the_double_says(value: float) -> None:
    assert exact(bits(value)) == Fraction(value)


def test_the_range_ends_where_an_ibm_double_does() -> None:
    values = np.array([2.0**252, -(2.0**252), np.inf, np.nextafter(2.0**252, 0), np.nan])
    assert too_large(values).tolist() == [True, True, True, False, False]
    tiny = np.array([np.nextafter(2.0**-260, 0), -5e-324, 2.0**-260, 0.0, np.nan])
    assert too_small(tiny).tolist() == [True, True, False, False, False]
