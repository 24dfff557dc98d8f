"""What was planted against what was found: recall and false alarms, by kind of defect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import UsageError
from pipeline.simulate.defects import LEDGER

KEY = ("rule", "file", "line", "subject")
FOUND = pl.Schema({"rule": pl.String, "file": pl.String, "line": pl.Int64, "subject": pl.String})
FATES = pl.Schema({"file": pl.String, "line": pl.Int64, "fate": pl.String})
VALUES = pl.Schema({"file": pl.String, "line": pl.Int64, "variable": pl.String, "value": pl.String})
MAPPED, REFUSED, STOPPED = "mapped", "refused", "stopped"
_LEFT_OUT = ("quarantined", "superseded", "deleted")  # what a mapped row must not be
_ELSEWHERE = "(at no planted line)"


@dataclass(frozen=True)
class Audit:
    """``kinds``: kind, planted, found, missed, false_alarms. ``missed``: ledger rows without what they foresee, with
    ``why``. ``alarms``: findings (FOUND) that no ledger row foresees, with the ``kind`` planted at their line."""

    kinds: pl.DataFrame
    missed: pl.DataFrame
    alarms: pl.DataFrame

    @property
    def passed(self) -> bool:
        """True if everything planted was found, and nothing else."""
        return self.missed.is_empty() and self.alarms.is_empty()


def read_ledger(path: Path) -> pl.DataFrame:
    """The ledger (LEDGER) in ``path``; UsageError if it is none."""
    try:
        return pl.read_csv(path, schema=dict(LEDGER))
    except (OSError, pl.exceptions.PolarsError):
        raise UsageError(str(path), "is not a ledger", "name the .ledger.csv that simulate wrote") from None


def audited(
    ledger: pl.DataFrame,
    found: pl.DataFrame,
    fates: pl.DataFrame,
    values: pl.DataFrame,
    consequences: pl.DataFrame,
) -> Audit:
    """``ledger`` against findings (FOUND), fates of rows (FATES, without the mapped ones) and values (VALUES).

    ``consequences`` (FOUND) are findings that follow from the planted ones by a rule of the study. A defect counts as
    found if all its findings, fates and values are there.
    """
    expected = ledger.with_row_index("_note")
    judged = expected.join(_silent(expected, found), on="_note", how="left").join(
        _astray(expected, fates, values), on="_note", how="left"
    )
    why = pl.concat_str("no_finding", "wrong_fate", "wrong_value", separator="; ", ignore_nulls=True)
    missed = judged.with_columns(why=why).filter(pl.col("why") != "").select(*LEDGER, "why")
    alarms = _alarms(expected, found, consequences)
    return Audit(_by_kind(ledger, missed, alarms), missed, alarms)


def audited_stop(ledger: pl.DataFrame, told: str) -> Audit:
    """``ledger`` against the line with which the whole night was refused: every stop must be named in it.

    What else was planted could not be seen, and counts as missed.
    """
    named = pl.lit(told).str.contains(pl.col("rule"), literal=True).fill_null(value=False)
    missed = ledger.filter(~((pl.col("fate") == STOPPED) & named)).with_columns(
        why=pl.lit("not named by the refusal")
    )
    return Audit(_by_kind(ledger, missed, _no_alarms()), missed, _no_alarms())


def foresees_stop(ledger: pl.DataFrame) -> bool:
    """True if something was planted that must stop the night."""
    return bool((ledger["fate"] == STOPPED).any())


def _no_alarms() -> pl.DataFrame:
    return pl.DataFrame(schema={**FOUND, "kind": pl.String})


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with ``_nth``: the second of two equal findings is matched by a second note only."""
    return frame.with_columns(_nth=pl.int_range(pl.len()).over(*KEY))


def _silent(expected: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    wanted = _numbered(expected.filter(pl.col("rule").is_not_null()))
    there = _numbered(found).select(*KEY, "_nth")
    lost = wanted.join(there, on=[*KEY, "_nth"], how="anti", nulls_equal=True)
    return lost.select("_note", no_finding=pl.lit("no such finding"))


def _astray(expected: pl.DataFrame, fates: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    place = ["file", "line"]
    gone = fates.group_by(place).agg(_fates=pl.col("fate").unique())
    joined = expected.join(gone, on=place, how="left", nulls_equal=True)
    told = pl.col("_fates").fill_null([])
    left_out = told.list.set_intersection(pl.lit(list(_LEFT_OUT))).list.len() > 0
    right = pl.when(pl.col("fate") == MAPPED).then(~left_out).otherwise(told.list.contains(pl.col("fate")))
    kept = expected.filter(pl.col("variable").is_not_null()).with_columns(pl.col("value").fill_null(""))
    held = values.select(
        *place, "variable", pl.col("value").fill_null("").alias("value"), _held=pl.lit(value=True)
    )
    wrong = kept.join(held.unique(), on=[*place, "variable", "value"], how="anti", nulls_equal=True)
    value = wrong.select("_note", wrong_value=pl.lit("no record with this value"))
    fate = joined.filter(~right).select("_note", wrong_fate=pl.lit("another fate"))
    return expected.select("_note").join(fate, on="_note", how="left").join(value, on="_note", how="left")


def _alarms(expected: pl.DataFrame, found: pl.DataFrame, consequences: pl.DataFrame) -> pl.DataFrame:
    foreseen = pl.concat(
        [expected.filter(pl.col("rule").is_not_null()).select(*KEY), consequences.select(*KEY)]
    )
    loud = _numbered(found.select(*KEY)).join(
        _numbered(foreseen), on=[*KEY, "_nth"], how="anti", nulls_equal=True
    )
    planted = expected.drop_nulls("line").unique(["file", "line"], keep="first", maintain_order=True)
    placed = loud.join(planted.select("file", "line", "kind"), on=["file", "line"], how="left")
    return placed.select(*KEY, pl.col("kind").fill_null(_ELSEWHERE)).sort(*KEY, nulls_last=True)


def _by_kind(ledger: pl.DataFrame, missed: pl.DataFrame, alarms: pl.DataFrame) -> pl.DataFrame:
    defects = ledger.select("kind", "defect").unique()
    lost = missed.select("kind", "defect").unique()
    table = (
        defects.group_by("kind")
        .len("planted")
        .join(lost.group_by("kind").len("missed"), on="kind", how="left")
        .join(alarms.group_by("kind").len("false_alarms"), on="kind", how="full", coalesce=True)
    )
    counts = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("planted", "missed", "false_alarms")]
    return (
        table.with_columns(counts)
        .select(
            "kind",
            "planted",
            found=pl.col("planted") - pl.col("missed"),
            missed="missed",
            false_alarms="false_alarms",
        )
        .sort("kind")
    )
