"""Words of the comparison between what a form shows and what its components give."""

from __future__ import annotations

from typing import Final

AGREES: Final = "AGREES"
DIFFERS: Final = "DIFFERS"
NOT_RECALCULABLE: Final = "NOT RECALCULABLE"
NOT_SHOWN: Final = "NOT SHOWN"
INDEX: Final = "index"
RESPONSE: Final = "response"
