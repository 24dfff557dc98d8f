"""One simulated night, read back as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from data_contracts.bxu001_ra.simulation import MODEL
from pipeline.contracts.catalog import contract_models
from pipeline.contracts.model import layout_of
from pipeline.simulate import Simulated, simulate
from pipeline.specs.layout import SourceLayout

LAST_NIGHT = date(2028, 6, 30)


@cache
def layouts() -> dict[str, SourceLayout]:
    return {source: layout_of(model) for source, model in contract_models("bxu001_ra").items()}


@dataclass(frozen=True)
class Night:
    result: Simulated

    def form(self, name: str) -> pl.DataFrame:
        return read(self.result.folder / "edc" / f"{name}.csv")

    def lab(self) -> pl.DataFrame:
        (file,) = (self.result.folder / "lab").iterdir()
        return read(file, "|")

    def rtsm(self, name: str) -> pl.DataFrame:
        return read(self.result.folder / "rtsm" / f"{name}.csv")

    def restricted(self, name: str) -> pl.DataFrame:
        assert self.result.restricted is not None
        return read(self.result.restricted / f"{name}.csv")

    def ledger(self) -> pl.DataFrame:
        return pl.read_csv(self.result.ledger, infer_schema=False).with_columns(pl.col("line").cast(pl.Int64))


def read(path: Path, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(
        path, separator=separator, infer_schema=False, quote_char='"' if separator == "," else None
    )


def night(
    folder: Path, *, seed: int = 1, subjects: int = 16, as_of: date = LAST_NIGHT, defects: str = "none"
) -> Night:
    return Night(
        simulate(
            MODEL,
            layouts(),
            folder / "delivery",
            folder / "restricted",
            subjects=subjects,
            seed=seed,
            as_of=as_of,
            defects=defects,
        )
    )


def day(column: str) -> pl.Expr:
    """A complete EDC date; null if it is partial or blank."""
    return pl.col(column).str.to_titlecase().str.to_date("%d-%b-%Y", strict=False)


def minute(day_column: str, time_column: str) -> pl.Expr:
    text = pl.concat_str(pl.col(day_column).str.to_titlecase(), pl.col(time_column), separator=" ")
    return text.str.to_datetime("%d-%b-%Y %H:%M", strict=False)


def infusions(clean: Night) -> pl.DataFrame:
    given = clean.form("EC").filter(pl.col("ECYN") == "Y")
    return given.with_columns(start=minute("ECSTDAT", "ECSTTIM"), end=minute("ECENDAT", "ECENTIM"))


def first_infusion(clean: Night) -> pl.DataFrame:
    return infusions(clean).group_by("SUBJID").agg(pl.col("start").min(), infused=day("ECSTDAT").min())


def randomized(clean: Night) -> pl.Series:
    return clean.form("RAND")["SUBJID"]


def failures(clean: Night) -> pl.DataFrame:
    return clean.form("IE").filter(pl.col("IETESTCD").is_not_null())


def nothing(frame: pl.DataFrame) -> None:
    """No row breaks the rule; the message counts rows and shows none."""
    assert frame.is_empty(), f"{frame.height} rows break the rule"
