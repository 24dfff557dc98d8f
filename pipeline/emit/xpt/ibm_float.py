"""IEEE doubles as IBM hexadecimal doubles, the numbers of a transport file. Source: SAS TS-140.

An IBM double is a sign, a power of 16 (excess 64) and a 56-bit fraction. An IEEE fraction of 53 bits
always fits, so every double in range is kept exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.emit.xpt.limits import IBM_BEYOND_EXPONENT, IBM_LOWEST_EXPONENT

MISSING = 0x2E << 56  # "." and seven NUL bytes: SAS's ordinary missing value

_SIGN = np.uint64(1 << 63)
_FRACTION = np.uint64((1 << 52) - 1)
_LEADING_ONE = np.uint64(1 << 52)
_EXPONENT_AT, _EXPONENT = np.uint64(52), np.uint64(0x7FF)
_IBM_EXPONENT_AT = np.uint64(56)
_IEEE_BIAS = 1023
# 64, one more because an IBM fraction lies below 1 where an IEEE one begins with 1, less IEEE's own bias
_BIAS = np.uint64((_IEEE_BIAS + 1) // 4 - 65)
_LOWEST, _BEYOND = IBM_LOWEST_EXPONENT + _IEEE_BIAS, IBM_BEYOND_EXPONENT + _IEEE_BIAS


def ibm_bits(doubles: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The 64 bits of the IBM double equal to each double; plain 0 for 0, -0 and what ``too_small`` finds.

    Callers refuse what ``too_large`` finds, and NaN, before: their bits here mean nothing.
    """
    bits = doubles.view(np.uint64)
    power = exponents(doubles)
    lost = power < _LOWEST
    power += np.uint64(1)  # as the bias is 1023, its remainder by 4 is now that of the unbiased exponent
    fraction = bits & _FRACTION
    fraction |= _LEADING_ONE
    fraction <<= power & np.uint64(3)
    power >>= np.uint64(2)
    power -= _BIAS
    power <<= _IBM_EXPONENT_AT
    fraction |= power
    fraction |= bits & _SIGN
    if lost.any():
        fraction[lost] = 0
    return fraction


def exponents(doubles: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The 11 bits of each double's biased exponent: 0 for 0, 2047 for NaN and infinity."""
    power = doubles.view(np.uint64) >> _EXPONENT_AT
    power &= _EXPONENT
    return power


def all_fit(doubles: NDArray[np.float64]) -> bool:
    """Whether an IBM double can hold every one of the doubles: the answer of ``too_large`` and ``too_small``.

    False for NaN too. One look at the exponents answers for all but the zeros among them.
    """
    power = exponents(doubles)
    if not power.size:
        return True
    if power.max() >= _BEYOND:
        return False
    return bool(power.min() >= _LOWEST or not doubles[power < _LOWEST].any())


def too_large(doubles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a double is beyond an IBM double's range; infinity too, NaN not."""
    size: NDArray[np.float64] = np.abs(doubles)
    return size >= 2.0**IBM_BEYOND_EXPONENT


def too_small(doubles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a double is not 0 but an IBM double would be; NaN not."""
    size: NDArray[np.float64] = np.abs(doubles)
    return (size > 0) & (size < 2.0**IBM_LOWEST_EXPONENT)
