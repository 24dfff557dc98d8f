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
_IEEE_BIAS = 1023
_IBM_BIAS = 65  # 64, and one more because an IBM fraction lies below 1 where an IEEE one begins with 1


def ibm_bits(doubles: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The 64 bits of the IBM double equal to each double; plain 0 for 0, -0 and what ``too_small`` finds.

    Callers refuse what ``too_large`` finds, and NaN, before: their bits here mean nothing.
    """
    bits = doubles.view(np.uint64)
    exponent = (bits >> np.uint64(52)).astype(np.int64) & 0x7FF
    exponent -= _IEEE_BIAS
    fraction = ((bits & _FRACTION) | _LEADING_ONE) << (exponent & 3).astype(np.uint64)
    characteristic = (((exponent >> 2) + _IBM_BIAS) << 56).astype(np.uint64)
    return np.where(exponent < IBM_LOWEST_EXPONENT, np.uint64(0), (bits & _SIGN) | characteristic | fraction)


def too_large(doubles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a double is beyond an IBM double's range; infinity too, NaN not."""
    size: NDArray[np.float64] = np.abs(doubles)
    return size >= 2.0**IBM_BEYOND_EXPONENT


def too_small(doubles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a double is not 0 but an IBM double would be; NaN not."""
    size: NDArray[np.float64] = np.abs(doubles)
    return (size > 0) & (size < 2.0**IBM_LOWEST_EXPONENT)
