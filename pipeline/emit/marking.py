"""How a package says that it is not for submission."""

from __future__ import annotations

FINAL = "FINAL"
BLINDED = "BLINDED"


def marking(mode: str) -> str | None:
    """``DRAFT-<mode>`` for every mode but FINAL, which has None."""
    return None if mode == FINAL else f"DRAFT-{mode}"
