"""What the EDC would show of indices and responses once its forms say something else, so that only the planted rule
breaks; and how a defect finds a subject and visit of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.responses import (
    JUDGED,
    SCORED_ITEMS,
    answered,
    haq_index,
    with_indices,
)
from pipeline.derive.decimals import decimal_of, plain_text
from pipeline.derive.joints import counted
from pipeline.derive.scores import LONGEST_SCALE, scoring_value
from pipeline.simulate import Ground
from pipeline.simulate.ground import PLANTED, ROW, Tables, rewritten

DAR: Final = "edc_dar"
JOINT_FORM, PATIENT, PHYSICIAN, QUESTIONNAIRE = "edc_jc28", "edc_ptga", "edc_phga", "edc_haq"
LAB, DRAWS = "lab_results", "edc_lbc"
FORMS: Final = (JOINT_FORM, PATIENT, PHYSICIAN, QUESTIONNAIRE)
REACTANTS: Final = (f"{LAB}/CRP", f"{LAB}/ESR")
DRAWN: Final = pl.col("SPECIMEN") != "UR"
KEYS: Final = ("SUBJID", "VISITOID")
VISITS: Final = tuple(c.VISITS[slot] for slot in c.EFFICACY)
BASELINE: Final = c.VISITS[c.D1]
LATER: Final = VISITS[2:]
QUIET: Final = tuple(oid for oid in LATER if oid != "W12")  # no decision rests on their joints
SHOWN: Final = ("DAS28CRP", "DAS28ESR", "CDAI", "SDAI", "ACR20", "ACR50", "ACR70", "EULCRP", "EULESR")
_SCREENING: Final = c.VISITS[c.SCR]
_COMPONENTS: Final = ("tjc", "sjc", "pain", "ptga", "phga", "haq", "crp", "esr")
_BASE: Final = "base_"
_PARTS: Final = {"DAS28CRP": ("tjc", "sjc", "ptga", "crp"), "DAS28ESR": ("tjc", "sjc", "ptga", "esr")}
_PRINTED: Final = {
    **dict.fromkeys(("ACR20", "ACR50", "ACR70"), codes.YN_UNDETERMINED),
    **dict.fromkeys(("EULCRP", "EULESR"), codes.EULAR),
}


def at_visit(*visits: str, sources: Sequence[str] = FORMS) -> list[str]:
    """Topics of ``sources`` at ``visits``."""
    return [f"{source}/{visit}" for source in sources for visit in visits]


def scored_at(visit: str) -> list[str]:
    """Topics of all that the form DAR of ``visit`` rests on."""
    return [*at_visit(visit, BASELINE), *at_visit(visit, sources=(DAR, DRAWS)), *REACTANTS]


def own_places(
    ground: Ground,
    rows: pl.DataFrame,
    topics: Callable[[dict[str, Any]], Sequence[str]],
    *,
    count: int | None = None,
) -> pl.DataFrame:
    """Up to ``count`` of ``rows``, each with its ``topics`` taken for this defect alone; in the order of the table."""
    wanted = ground.count if count is None else count
    kept: list[int] = []
    free = rows.filter(~pl.col(PLANTED))
    for place in ground.rng.permutation(free.height):
        if len(kept) == wanted:
            break
        row = free.row(int(place), named=True)
        if ground.people([row["SUBJID"]], topics(row), count=1):
            kept.append(int(place))
    return free[sorted(kept)]


def turns(rows: pl.DataFrame, ways: int, ground: Ground) -> list[pl.DataFrame]:
    """``rows`` dealt out to ``ways`` to plant, beginning with any of them."""
    turn = (pl.int_range(pl.len()) + int(ground.rng.integers(ways))) % ways
    return [rows.filter(turn == way) for way in range(ways)]


def shown(tables: Tables, subjects: Collection[str], late: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """KEYS, components and SHOWN of every efficacy visit of ``subjects``, from their forms and results as text.

    ``late``: subject -> components of Day 1 that were assessed after the infusion, so that Screening is their baseline.
    """
    found = _components(tables, subjects)
    scored = with_indices(found)
    base = scored.filter(pl.col("VISITOID").is_in([_SCREENING, BASELINE])).select(
        "SUBJID", "VISITOID", *(pl.col(name).alias(_BASE + name) for name in JUDGED)
    )
    chosen = _baseline(base, late)
    joined = scored.join(chosen, on="SUBJID", how="left", maintain_order="left")
    return answered(joined, pl.col("VISITOID").is_in(LATER)).select(*KEYS, *_COMPONENTS, *SHOWN)


def _baseline(base: pl.DataFrame, late: Mapping[str, Collection[str]]) -> pl.DataFrame:
    day1 = base.filter(pl.col("VISITOID") == BASELINE).drop("VISITOID")
    early = base.filter(pl.col("VISITOID") == _SCREENING).drop("VISITOID")
    both = day1.join(early, on="SUBJID", how="left", suffix="_early", maintain_order="left")
    earlier = {
        _BASE + name: [who for who, parts in late.items() if set(_PARTS.get(name, (name,))) & set(parts)]
        for name in JUDGED
    }
    return both.select(
        "SUBJID",
        *(
            pl.when(pl.col("SUBJID").is_in(who)).then(f"{name}_early").otherwise(name).alias(name)
            for name, who in earlier.items()
        ),
    )


def _components(tables: Tables, subjects: Collection[str]) -> pl.DataFrame:
    def own(source: str) -> pl.DataFrame:
        return tables[source].filter(pl.col("SUBJID").is_in(list(subjects)))

    joints = own(JOINT_FORM)
    signs = {"tjc": "^[RL].*_T$", "sjc": "^[RL].*_S$"}
    counts = {
        name: counted(
            pl.sum_horizontal((pl.col(items) == "1").fill_null(value=False)).cast(pl.Int64),
            pl.sum_horizontal(pl.col(items).is_in(["0", "1"]).fill_null(value=False)).cast(pl.Int64),
        )
        for name, items in signs.items()
    }
    frame = own(DAR).select(KEYS)
    for part in (
        joints.select(*KEYS, **counts),
        _scale(own(PATIENT), "PTGA"),
        _scale(own(PHYSICIAN), "PHGA"),
    ):
        frame = frame.join(part, on=KEYS, how="left", maintain_order="left")
    frame = frame.join(_questionnaire(own(QUESTIONNAIRE)), on=KEYS, how="left", maintain_order="left")
    draws = own(DRAWS).select(*KEYS, "ACCESSN").drop_nulls("ACCESSN")
    for test in ("CRP", "ESR"):
        results = (
            own(LAB)
            .filter(pl.col("LABTESTCD") == test)
            .select("ACCESSN", pl.col("RESULT").alias(test.lower()))
        )
        found = draws.join(results.unique("ACCESSN", keep="first"), on="ACCESSN").drop("ACCESSN")
        frame = frame.join(found, on=KEYS, how="left", maintain_order="left")
    return frame.with_columns(
        scoring_value(pl.col("crp")).alias("crp"), scoring_value(pl.col("esr")).alias("esr")
    )


def _scale(forms: pl.DataFrame, form: str) -> pl.DataFrame:
    mark = decimal_of(pl.col(f"{form}VAS"))
    mm = pl.when(pl.col(f"{form}U") == "cm").then(mark * 10).otherwise(mark)
    return forms.select(
        *KEYS, plain_text(pl.when(mm.is_between(0, LONGEST_SCALE)).then(mm)).alias(form.lower())
    )


def _questionnaire(forms: pl.DataFrame) -> pl.DataFrame:
    numbered = forms.filter(pl.col("HAQPERF") == "Y").with_row_index("row")
    items = [f"HAQ{number:02}" for number in SCORED_ITEMS]
    score = pl.col(items).cast(pl.Int64, strict=False)
    index = haq_index(numbered.select("row", score).with_columns(pl.col(items).replace(4, None)))
    pain = pl.when(pl.col("HAQ46").cast(pl.Int64).is_between(0, LONGEST_SCALE)).then("HAQ46").alias("pain")
    return numbered.select("row", *KEYS, pain).join(index, on="row", how="left").drop("row")


def reshown(
    ground: Ground,
    tables: Tables,
    subjects: Collection[str],
    late: Mapping[str, Collection[str]] | None = None,
) -> Tables:
    """``tables`` (what a defect has changed so far) with the forms DAR of ``subjects`` as they would show it."""
    current = {**ground.tables, **tables}
    now = shown(current, subjects, late or {}).select(
        *KEYS, *(pl.col(name).alias(f"_{name}") for name in SHOWN)
    )
    rows = current[DAR].join(now, on=KEYS, how="inner", maintain_order="left")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"_{name}")) for name in SHOWN)
    new = rows.filter(differs).with_columns(pl.col(f"_{name}").alias(name) for name in SHOWN)
    printed = {
        f"{name}_DEC": pl.col(name).replace_strict(dict(texts), default=None, return_dtype=pl.String)
        for name, texts in _PRINTED.items()
    }
    changed = new.with_columns(**printed).select(current[DAR].columns)
    return {**tables, DAR: rewritten(current[DAR], changed.sort(ROW), [*SHOWN, *printed])}
