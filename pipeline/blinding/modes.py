"""The three ways to build: blinded every night, unblinded for the monitoring board, unblinded after database lock."""

from __future__ import annotations

from enum import StrEnum

from pipeline.errors import UsageError


class Mode(StrEnum):
    """Only BLINDED needs nothing; the others need the key, a database lock and two approvers."""

    BLINDED = "BLINDED"
    DSMB = "DSMB"
    FINAL = "FINAL"

    @property
    def complete(self) -> bool:
        """True if every cohort must be full before this mode may be used."""
        return self is Mode.FINAL


UNBLINDED = (Mode.DSMB, Mode.FINAL)


def unblinded_mode(name: str) -> Mode:
    """The mode of that name; UsageError if it is none that unblinds."""
    if name not in UNBLINDED:
        raise UsageError("--mode", f"{name} does not unblind", f"choose {' or '.join(UNBLINDED)}")
    return Mode(name)
