"""The components of the scores at every visit, from the finished records of joints, questionnaires and laboratory.

Components of one visit belong together, whatever their dates (study design 3.6). A value outside its scale is no
component; that it is wrong is for the checks to say.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import decimal_of, plain_text
from pipeline.derive.joints import counted
from pipeline.derive.scores import LONGEST_SCALE, scoring_value
from pipeline.domains.disability import SCORE
from pipeline.domains.occasions import one_a_visit, with_before
from pipeline.domains.records import Inputs
from pipeline.domains.score_roles import scores_of
from pipeline.specs.choices import CENSORED, choice
from pipeline.specs.score_models import Measured

KEYS: Final = ["USUBJID", "VISITNUM"]
JOINTS: Final = "joints"
COUNTS: Final = ("tjc", "sjc")
SCALES: Final = {"ptga": "patient_global", "phga": "physician_global", "pain": "pain"}
REACTANTS: Final = ("crp", "esr")
HAQ: Final = "haq"
# What a visit is made of: the parts that have a date and a record of their own.
PARTS: Final = (JOINTS, *SCALES, HAQ, *REACTANTS)
_FACTS: Final = ("dtc", "seq", "before", "dataset")
_RECORDS: Final = "_records"  # every --SEQ that a component was made of
_ANSWERS: Final = {"positive": ["Y"], "judged": ["Y", "N"]}


def components(inputs: Inputs) -> pl.DataFrame:
    """One row a subject and visit with any component, sorted: exact texts tjc, sjc, ptga, phga, pain, haq, crp, esr.

    Counts are prorated from the joints that could be judged, scales in mm, CRP in mg/L, ESR in mm/h; null if missing.
    Each part has ``<part>_dtc``, ``_seq`` (a record that it comes from), ``_dataset`` and ``_before`` (assessed before
    exposure), each measurement also ``_baseline`` (its record is the last before exposure), and each component
    ``<component>_records``: the --SEQ of all records of that dataset that it was made of (null if missing).
    """
    roles = scores_of(inputs)
    parts = {JOINTS: _joints(inputs), HAQ: _disability(inputs)}
    parts |= {part: _scale(inputs, part, getattr(roles, role)) for part, role in SCALES.items()}
    parts |= {part: _reactant(inputs, part, getattr(roles, part)) for part in REACTANTS}
    visits = pl.concat([rows.select(*KEYS, "VISITDY") for rows in parts.values()])
    found = visits.group_by(KEYS).agg(pl.col("VISITDY").drop_nulls().first()).sort(KEYS)
    for part in PARTS:
        named = parts[part].drop("VISITDY").rename({name: f"{part}_{name}" for name in _FACTS})
        found = found.join(named, on=KEYS, how="left", maintain_order="left")
    return found


def _joints(inputs: Inputs) -> pl.DataFrame:
    """Both counts of one assessment a visit."""
    roles = scores_of(inputs).joints
    prefix = roles.dataset
    test, answer = pl.col(f"{prefix}TESTCD"), pl.col(f"{prefix}STRESC")
    counts = {"tjc": test == roles.tender, "sjc": test == roles.swollen}
    sums = {
        f"_{name}_{kind}": (answer.is_in(answers) & sign).sum().cast(pl.Int64)
        for name, sign in counts.items()
        for kind, answers in _ANSWERS.items()
    }
    forms = (
        inputs.records(prefix)
        .filter(test.is_in([roles.tender, roles.swollen]))
        .with_columns(_seq=pl.col(f"{prefix}SEQ").cast(pl.Int64))
        .group_by(*KEYS, f"{prefix}SPID", f"{prefix}DTC")
        .agg(
            pl.col("VISITDY").first(),
            seq=pl.col("_seq").min(),
            **sums,
            **{f"{name}{_RECORDS}": pl.col("_seq").filter(sign) for name, sign in counts.items()},
        )
        .select(
            *KEYS, "VISITDY", "seq", pl.col(f"{prefix}DTC").alias("dtc"), pl.lit(prefix).alias("dataset"),
            *(f"{name}{_RECORDS}" for name in counts),
            *(counted(pl.col(f"_{name}_positive"), pl.col(f"_{name}_judged")).alias(name) for name in counts),
        )
        .collect()
    )  # fmt: skip
    both = pl.all_horizontal(pl.col(name).is_not_null() for name in COUNTS)
    return one_a_visit(with_before(inputs, forms), [both])


def _disability(inputs: Inputs) -> pl.DataFrame:
    days = inputs.derived("visits").select(*KEYS, "VISITDY").unique(KEYS)
    prefix = scores_of(inputs).disability.dataset
    rows = inputs.derived("haq_di").select(
        *KEYS,
        *(name for name in _FACTS if name != "dataset"),
        pl.lit(prefix).alias("dataset"),
        pl.col(SCORE).alias(HAQ),
        pl.col("records").alias(f"{HAQ}{_RECORDS}"),
    )
    return rows.join(days, on=KEYS, how="left", maintain_order="left").collect()


def _scale(inputs: Inputs, part: str, role: Measured) -> pl.DataFrame:
    number = decimal_of(pl.col("result"))
    inside = number.is_between(0, LONGEST_SCALE)
    return _measured(inputs, part, role, pl.when(inside).then(plain_text(number)))


def _reactant(inputs: Inputs, part: str, role: Measured) -> pl.DataFrame:
    below = choice(inputs.spec.study, CENSORED)
    return _measured(inputs, part, role, scoring_value(pl.col("result"), below=below))


def _measured(inputs: Inputs, part: str, role: Measured, value: pl.Expr) -> pl.DataFrame:
    """One result a visit in the unit of the score: the record flagged as last before exposure, or else the last one."""
    prefix = role.dataset
    rows = (
        inputs.records(prefix)
        .filter(
            pl.col(f"{prefix}TESTCD") == role.test,
            pl.col(f"{prefix}STRESU") == role.unit,
            pl.col(f"{prefix}STAT").is_null(),
        )
        .select(
            *KEYS, "VISITDY",
            result=f"{prefix}STRESC", dtc=f"{prefix}DTC", seq=pl.col(f"{prefix}SEQ").cast(pl.Int64),
            flagged=(pl.col(f"{prefix}LOBXFL") == "Y").fill_null(value=False),
        )
        .collect()
    )  # fmt: skip
    chosen = one_a_visit(with_before(inputs, rows), [pl.col("flagged"), pl.col("result").is_not_null()])
    return chosen.with_columns(dataset=pl.lit(prefix)).select(
        *KEYS,
        "VISITDY",
        value.alias(part),
        *_FACTS,
        pl.col("flagged").alias(f"{part}_baseline"),
        pl.concat_list("seq").alias(f"{part}{_RECORDS}"),
    )
