"""Why a delivered file is turned away, in words that hold no value of the file."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import Refused
from pipeline.specs.layout import SourceLayout

LAST_GOOD = "ask the sender for a complete file; the last good data stay"


class StopDelivery(Refused):
    """A file holds what a blinded delivery must not hold: nothing of the delivery may land."""


class NothingAccepted(Refused):
    """No file of the delivery can be accepted; ``reasons`` has one line for each source that was refused."""

    def __init__(self, what: str, reasons: dict[str, str]) -> None:
        self.reasons = reasons
        told = ", ".join(f"{source}: {reason}" for source, reason in list(reasons.items())[:3])
        more = f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else ""  # noqa: PLR2004 - as many as a line holds
        super().__init__(what, told + more or "no declared source is in the folder", LAST_GOOD)


def refused(path: Path, layout: SourceLayout, culprit: str, fix: str = LAST_GOOD) -> Refused:
    """The refusal of one file, to be raised by the caller."""
    return Refused(f"{layout.source} ({path.name})", culprit, fix)
