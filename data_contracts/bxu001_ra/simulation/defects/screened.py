"""Whom the defects of eligibility are planted in, and one record of a form for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from pipeline.simulate import Ground
from pipeline.simulate.ground import PLANTED, ROW, Tables, rewritten

SUBJECT: Final = "SUBJID"
SCREENING, DAY1 = "SCR", "D1"
BLANK: Final = pl.lit(None, pl.String)
LAB: Final = "lab_results"
# The laboratory's label of the screening visit, and of the draw before the infusion.
SCREENING_LABEL, DAY1_LABEL = "SCREENING", "DAY 1"
SCREENED: Final = (pl.col("VISITLBL") == SCREENING_LABEL) & (pl.col("RSTAT") == "F")


def randomized(ground: Ground) -> list[str]:
    """Subjects to whom the randomization system has assigned a number, sorted."""
    rows = ground.tables["rtsm_assign"].filter(pl.col("STATUS") == "ASSIGNED")
    return rows[SUBJECT].unique().sort().to_list()


def screen_failures(ground: Ground) -> list[str]:
    """Subjects whose participation ended as a screen failure, sorted."""
    rows = ground.tables["edc_dseos"].filter(pl.col("DSEOSSTAT") == "SCREEN FAILURE")
    return rows[SUBJECT].unique().sort().to_list()


def free(ground: Ground, source: str, where: pl.Expr, who: Sequence[str]) -> pl.DataFrame:
    """Rows of ``source`` of the subjects ``who`` that satisfy ``where`` and carry no defect."""
    condition = where.fill_null(value=False) & pl.col(SUBJECT).is_in(list(who)) & ~pl.col(PLANTED)
    return ground.tables[source].filter(condition)


def one_each(ground: Ground, rows: pl.DataFrame, topics: Sequence[str]) -> pl.DataFrame:
    """One of ``rows`` for each of up to ``ground.count`` subjects, whose ``topics`` are taken; in the table's order."""
    subjects = ground.people(rows[SUBJECT], topics)
    luck = pl.Series("_luck", ground.rng.random(rows.height), dtype=pl.Float64)
    drawn = rows.with_columns(luck).filter(pl.col(SUBJECT).is_in(subjects)).sort("_luck")
    return drawn.unique(SUBJECT, keep="first", maintain_order=True).sort(ROW).drop("_luck")


def of(ground: Ground, source: str, where: pl.Expr, subjects: pl.Series) -> pl.DataFrame:
    """The first row of ``source`` that satisfies ``where``, for each of ``subjects``, in their order."""
    rows = ground.tables[source].filter(where.fill_null(value=False)).sort(ROW)
    first = rows.unique(SUBJECT, keep="first", maintain_order=True)
    return subjects.to_frame(SUBJECT).join(first, on=SUBJECT, how="left", maintain_order="left")


def dealt(ground: Ground, rows: pl.DataFrame, ways: int) -> list[tuple[pl.DataFrame, int]]:
    """``rows`` dealt out to ``ways`` to plant, beginning with any of them, each with the number of its first defect."""
    turn = (pl.int_range(pl.len()) + int(ground.rng.integers(ways))) % ways
    parts = [rows.filter(turn == way) for way in range(ways)]
    firsts = [1 + sum(part.height for part in parts[:way]) for way in range(ways)]
    return list(zip(parts, firsts, strict=True))


def changed(
    ground: Ground, tables: Tables, source: str, rows: pl.DataFrame, **values: pl.Expr | str | None
) -> Tables:
    """``tables`` (what the defect has changed so far) with ``values`` in ``rows`` of ``source``."""
    literal = {
        name: value if isinstance(value, pl.Expr) else pl.lit(value, pl.String)
        for name, value in values.items()
    }
    new = rows.with_columns(**literal)
    return {**tables, source: rewritten(tables.get(source, ground.tables[source]), new, list(values))}


def coded(texts: Mapping[str, str], **column: str | None) -> dict[str, str | None]:
    """One coded column with its printed text; None blanks both."""
    ((name, code),) = column.items()
    return {name: code, f"{name}_DEC": None if code is None else texts[code]}


def criterion(code: str | None) -> dict[str, str | None]:
    """What an eligibility form says that names ``code`` as not met, or that all are met."""
    answer = coded(codes.YN, IEYN="Y" if code is None else "N")
    return {**answer, **coded(codes.CRITERIA, IETESTCD=code)}


def screening_result(ground: Ground, code: str | tuple[str, ...], who: list[str]) -> pl.DataFrame:
    """Final screening results of the tests ``code``."""
    tests = (code,) if isinstance(code, str) else code
    return free(ground, LAB, SCREENED & pl.col("LABTESTCD").is_in(tests) & (pl.col("SPECIMEN") != "UR"), who)


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` in the order of their table."""
    return rows.sort(ROW)
