"""Shares of a count in exact arithmetic: a limit in percent becomes a number of things, once and for every reader."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

_WHOLE = Decimal(100)


def at_most(count: int, percent: str) -> int:
    """The largest whole number that is not above ``percent`` (exact decimal text) of ``count``."""
    return int((Decimal(count) * Decimal(percent) / _WHOLE).to_integral_value(ROUND_FLOOR))


def least_left(count: int, percent: str) -> int:
    """The smallest whole number that is left of ``count`` when no more than ``percent`` of it goes."""
    return count - at_most(count, percent)
