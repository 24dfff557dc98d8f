"""What the forms show of indices and responses beside what the components give; never an overwrite (study design 3.6).

``verdict``: ``AGREES``, ``DIFFERS``, ``NOT RECALCULABLE`` (shown, but a component is missing) or ``NOT SHOWN``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import decimal_of, plain_text
from pipeline.domains.classifications import DERIVE_ALL, form_records
from pipeline.domains.components import KEYS
from pipeline.domains.indices import INDICES
from pipeline.domains.records import LINE, SOURCE, Inputs, Looked
from pipeline.domains.responses import DECIDED, RESPONSES
from pipeline.domains.score_roles import codes, scores_of
from pipeline.domains.verdicts import AGREES, DIFFERS, INDEX, NOT_RECALCULABLE, NOT_SHOWN, RESPONSE
from pipeline.specs.choices import INDEX_SOURCE, choice

TOLERANCE: Final = "0.005"  # half of the last decimal of an index (study design 3.6)


def recalculation(inputs: Inputs) -> Looked:
    """One row a subject, visit and test that the forms show or the components give, with the verdict.

    Compared in exact decimals with the stored recalculation; responses exactly. ``source`` and ``line`` are those of
    the form, ``seq`` the --SEQ of its record; null if there is none. ``complete``: nothing that the value is computed
    from is missing (null without a recalculation); ``dtc``: date of the joint assessment.
    """
    test = f"{scores_of(inputs).dataset}TESTCD"
    shown = _of_forms(inputs, test) if _derives_all(inputs) else _of_records(inputs, test)
    both = shown.join(_recalculated(inputs, test), on=[*KEYS, test], how="full", coalesce=True)
    difference = (decimal_of(pl.col("collected")) - decimal_of(pl.col("recalculated"))).abs()
    index = pl.col("kind") == INDEX
    table = (
        both.with_columns(kind=_kind(inputs, test), shown=pl.col("shown").fill_null(value=False))
        .with_columns(difference=pl.when(index).then(difference))
        .filter(pl.col("shown") | pl.col("recalculated").is_not_null())
        .with_columns(verdict=_verdict(index), difference=plain_text(pl.col("difference")))
        .join(_people(inputs), on="USUBJID", how="left")
        .sort(*KEYS, test, "source", "line", nulls_last=True)
    )
    columns = (
        "kind",
        "collected",
        "recalculated",
        "difference",
        "verdict",
        "complete",
        "dtc",
        "seq",
        "source",
        "line",
    )
    return Looked(table.select("SUBJID", *KEYS, test, *columns))


def _derives_all(inputs: Inputs) -> bool:
    return choice(inputs.spec.study, INDEX_SOURCE) == DERIVE_ALL


def _kind(inputs: Inputs, test: str) -> pl.Expr:
    named = codes(inputs)
    kinds = {named[name]: INDEX for name in INDICES} | {named[name]: RESPONSE for name in RESPONSES}
    return pl.col(test).replace_strict(kinds, return_dtype=pl.String)


def _verdict(index: pl.Expr) -> pl.Expr:
    shown, given = pl.col("collected"), pl.col("recalculated")
    near = pl.col("difference") <= decimal_of(pl.lit(TOLERANCE))
    same = pl.when(index).then(near).otherwise(shown == given).fill_null(value=False)
    both_open = shown.is_null() & given.is_null()
    return (
        pl.when(~pl.col("shown"))
        .then(pl.lit(NOT_SHOWN))
        .when(both_open | same)
        .then(pl.lit(AGREES))
        .when(given.is_null())
        .then(pl.lit(NOT_RECALCULABLE))
        .otherwise(pl.lit(DIFFERS))
    )


def _of_records(inputs: Inputs, test: str) -> pl.DataFrame:
    """Collected records: keys, test, ``collected`` (null if it could not be determined), place of the form."""
    prefix = scores_of(inputs).dataset
    links = inputs.links(prefix).select("source", "line", USUBJID="subject", _seq="seq")
    records = inputs.records(prefix).filter(
        pl.col(test).is_in(list(codes(inputs).values())), pl.col(f"{prefix}DRVFL").is_null()
    )
    seq = pl.col(f"{prefix}SEQ").cast(pl.Int64)
    own = records.select(*KEYS, test, collected=f"{prefix}STRESC", shown=pl.lit(value=True), _seq=seq)
    return own.join(links, on=["USUBJID", "_seq"], how="left").rename({"_seq": "seq"}).collect()


def _of_forms(inputs: Inputs, test: str) -> pl.DataFrame:
    """The same from the forms, where the dataset holds what the pipeline derives."""
    prefix = scores_of(inputs).dataset
    rows = form_records(inputs, inputs.spec.dataset(prefix)).filter(
        pl.col(test).is_in(list(codes(inputs).values()))
    )
    return rows.select(
        *KEYS,
        test,
        collected=f"{prefix}STRESC",
        shown=pl.lit(value=True),
        seq=pl.lit(None, dtype=pl.Int64),
        source=SOURCE,
        line=pl.col(LINE).cast(pl.UInt32),
    )


def _recalculated(inputs: Inputs, test: str) -> pl.DataFrame:
    """One row a visit and test: ``recalculated`` (null if open), whether its parts are ``complete``, joint date."""
    scored, answered, named = inputs.derived("scores"), inputs.derived("response"), codes(inputs)
    frames = [_long(scored, name, named[name], test, pl.col(name).is_not_null()) for name in INDICES]
    for name in RESPONSES:
        rows = answered.filter("decision") if name == DECIDED else answered
        frames.append(_long(rows, name, named[name], test, pl.col(f"{name}_complete")))
    return pl.concat(pl.collect_all(frames))


def _long(rows: pl.LazyFrame, name: str, code: str, test: str, complete: pl.Expr) -> pl.LazyFrame:
    return rows.select(*KEYS, "dtc", pl.lit(code).alias(test), recalculated=pl.col(name), complete=complete)


def _people(inputs: Inputs) -> pl.DataFrame:
    return inputs.derived("subjects").select("USUBJID", "SUBJID").collect()
