"""What events need beyond the verbs: seriousness boxes, ongoing events, treatment emergence, order of the
infusion day."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import date_part, earliest, is_complete_date, latest, minute_part
from pipeline.derive.timing import BEFORE_INFUSION
from pipeline.domains.common import Workpiece
from pipeline.domains.subjects import HELD

_BOXES = ("AESCAN", "AESCONG", "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESMIE")
_RANDOMIZED = "RANDOMIZED"


def with_adverse_event_facts(work: Workpiece) -> None:
    """Seriousness criteria, ongoing end, and the hidden qualifier AETRTEM.

    AETRTEM: Y from the start of the infusion on (to the minute where both have a time; date-only on its day unless the
    form says it began before); an incomplete start is Y unless every possible date is earlier; N without infusion;
    null where the row of the infusion is set aside. The end point of what goes on is null where that of the last
    contact is.
    """
    serious = pl.col("AESER") == "Y"
    boxes = [
        pl.when(serious & pl.col(box).is_null()).then(pl.lit("N")).otherwise(pl.col(box)).alias(box)
        for box in _BOXES
        if work.has(box)
    ]
    ongoing = pl.col("_ongoing").is_not_null()
    contact_held = pl.coalesce(f"LASTDTC{HELD}", f"ENDDTC{HELD}").is_not_null() & pl.col("LASTDTC").is_null()
    last_contact = pl.coalesce(pl.col("LASTDTC"), pl.col("ENDDTC"), pl.lit(work.inputs.cut.isoformat()))
    before = pl.col("_began_before") == "Y"
    work.rows = work.rows.with_columns(
        *boxes,
        AEENRTPT=pl.when(ongoing).then(pl.lit("ONGOING")),
        AEENTPT=pl.when(ongoing & ~contact_held).then(last_contact),
        _AETRTEM=pl.when(pl.col(f"RFXSTDTC{HELD}").is_null()).then(
            _treatment_emergent(pl.col("AESTDTC"), pl.col("RFXSTDTC"), before)
        ),
        **{BEFORE_INFUSION: before.fill_null(value=False)},
    )


def _treatment_emergent(start: pl.Expr, infusion: pl.Expr, before: pl.Expr) -> pl.Expr:
    by_minute = minute_part(start).is_not_null() & minute_part(infusion).is_not_null()
    day, infused = date_part(start), earliest(infusion)
    same_day = (day == infused) & ~before.fill_null(value=False)
    emergent = (
        pl.when(by_minute)
        .then(minute_part(start) >= minute_part(infusion))
        .when(is_complete_date(start))
        .then((day > infused) | same_day)
        .otherwise((latest(start) >= infused).fill_null(value=True) | earliest(start).is_null())
    )
    return pl.when(infusion.is_not_null() & emergent).then(pl.lit("Y")).otherwise(pl.lit("N"))


def with_disposition_facts(work: Workpiece) -> None:
    """Randomization on the day of infusion belongs before it; an event without its own words carries its
    standard term."""
    work.rows = work.rows.with_columns(
        (pl.col("DSDECOD") == _RANDOMIZED).fill_null(value=False).alias(BEFORE_INFUSION),
        DSTERM=pl.coalesce("DSTERM", "DSDECOD"),
    )
