"""What tells the control from the others although nobody planted it: exact tests find it in one trial of a hundred.

The rules BX-BL-04 and -05 compare four quantities of the bags. What they find is known from the delivered tables, so a
ledger can foresee it, also where other defects have moved a subject to the other arm.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import polars as pl

from pipeline.derive.independence import permutation_p
from pipeline.simulate import Tables
from pipeline.simulate.ground import notes_of, stated

_ALPHA: Final = Fraction(1, 100)
_CONTROL, _PLACEBO = "PBO", "PLACEBO"
_RULES: Final = {
    "order": ("BX-BL-04", "the order of bag numbers"),
    "parity": ("BX-BL-04", "the parity of bag numbers"),
    "volume": ("BX-BL-05", "the volume prepared per kg"),
    "minutes": ("BX-BL-05", "the duration of the infusion"),
}


def by_chance(tables: Tables) -> pl.DataFrame:
    """One note (NOTE) a quantity that differs between controls and others of the cohorts, exact p below 0.01."""
    bags = _bags(tables)
    notes = [
        stated(None, fate="mapped", rule=rule, builds="unblinded", note=f"{what} tells the control")
        for name, (rule, what) in _RULES.items()
        if _tells(bags, name)
    ]
    return notes_of(*notes)


def _tells(bags: pl.DataFrame, quantity: str) -> bool:
    groups = [
        ([Fraction(value) for value in members[quantity]], members["control"].to_list())
        for members in bags.drop_nulls(quantity).partition_by("cohort", maintain_order=True)
    ]
    p = permutation_p(groups)
    return p is not None and p < _ALPHA


def _bags(tables: Tables) -> pl.DataFrame:
    """One row an infused bag: cohort, control (by what it held, else as planned), and the four quantities."""
    infused = tables["edc_ec"].filter((pl.col("RECSTATUS") == "ACTIVE") & (pl.col("ECYN") == "Y"))
    held = tables["rtsm_product_release"].select("PRODUCT", ECBAGNO="BAGNO")
    planned = tables["rtsm_unblinding_key"].select("SUBJID", "ARMCD")
    cohorts = tables["rtsm_assign"].filter(pl.col("STATUS") == "ASSIGNED").select("SUBJID", cohort="COHORT")
    rows = (
        infused.join(cohorts, on="SUBJID", how="inner")
        .join(planned, on="SUBJID", how="inner")
        .join(held, on="ECBAGNO", how="left")
        .group_by("SUBJID", "ECBAGNO")
        .agg(
            pl.col("cohort").first(),
            control=(pl.coalesce(pl.col("PRODUCT") == _PLACEBO, pl.col("ARMCD") == _CONTROL)).first(),
            volume=_per_kg(),
            minutes=(_moment("ECEN").max() - _moment("ECST").min()).dt.total_minutes(),
        )
        .sort("SUBJID")
    )
    number = pl.col("ECBAGNO").str.extract(r"(\d+)").cast(pl.Int64)
    return rows.with_columns(
        order=(number.rank("average").over("cohort") * 2).cast(pl.Int64), parity=number % 2
    )


def _per_kg() -> pl.Expr:
    """Volume prepared over weight as an exact fraction ("850/705"); null where intervals tell different ones."""
    prepared, weight = (
        (pl.col(name).cast(pl.Decimal(20, 1), strict=False) * 10).cast(pl.Int64)
        for name in ("ECVOLPRP", "ECWT")
    )
    agreed = (prepared.n_unique() == 1) & (weight.n_unique() == 1) & (weight.first() > 0)
    return pl.when(agreed).then(pl.format("{}/{}", prepared.first(), weight.first()))


def _moment(prefix: str) -> pl.Expr:
    text = pl.col(f"{prefix}DAT") + " " + pl.col(f"{prefix}TIM")
    return text.str.to_datetime("%d-%b-%Y %H:%M", strict=False)
