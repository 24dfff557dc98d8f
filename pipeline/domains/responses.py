"""Responses to treatment at every later visit, judged against the baseline (study design 3.6, 3.7d to f)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from pipeline.derive.response import eular_response, with_acr, with_lack_of_response
from pipeline.domains.components import COUNTS, HAQ, JOINTS, KEYS, REACTANTS, SCALES
from pipeline.domains.occasions import AT_VISIT, last_before
from pipeline.domains.records import Inputs
from pipeline.domains.score_roles import scores_of
from pipeline.specs.choices import CHOICES, REACTANT, RESCUE_RULE, choice

RESPONSES: Final = ("acr20", "acr50", "acr70", "eular_crp", "eular_esr", "counts_improved")
DECIDED: Final = "counts_improved"  # the response that only the visit of the rescue decision has
EULAR: Final = {"eular_crp": "das28_crp", "eular_esr": "das28_esr"}
_MEASURED: Final = (*SCALES, *REACTANTS)
_VALUES: Final = (*COUNTS, *SCALES, HAQ, *REACTANTS, *EULAR.values())
RESCUE_PERCENT: Final = 20  # both joint counts, at the visit of the rescue decision (registry)
_BASE: Final = "base_"


def responses(inputs: Inputs) -> pl.DataFrame:
    """One row a subject and visit with responses: baseline and visit values, and the answers (null if open).

    ``acr20`` to ``acr70``, ``eular_crp``, ``eular_esr``; ``counts_improved`` with its lack by both rules, and ``lack``
    by the rule of the study; ``decision`` marks the visit that decides about rescue. ``<response>_complete``: nothing
    that it is judged by is missing. A subject without exposure has no baseline, and so no answer.
    """
    roles, study = scores_of(inputs), inputs.spec.study
    numbers = [float(number) for number in roles.visits]
    visits = (
        inputs.derived("scores")
        .filter(pl.col("VISITNUM").is_in(numbers))
        .select(*KEYS, "dtc", *_VALUES)
        .collect()
    )
    found = visits.join(baseline(inputs), on="USUBJID", how="left", maintain_order="left")
    counts = [_pair(name) for name in COUNTS]
    others = [_pair(name) for name in (*SCALES, HAQ, choice(study, REACTANT).lower())]
    found = with_acr(found, counts=counts, others=others, prefix="acr")
    found = found.with_columns(
        eular_response(pl.col(_BASE + index), pl.col(index)).alias(name) for name, index in EULAR.items()
    )
    for rule in CHOICES[RESCUE_RULE]:
        found = with_lack_of_response(
            found,
            counts=counts,
            percent=RESCUE_PERCENT,
            rule=rule,
            response=DECIDED,
            lack=f"lack_{rule.lower()}",
        )
    return found.with_columns(
        pl.col(f"lack_{choice(study, RESCUE_RULE).lower()}").alias("lack"),
        (pl.col("VISITNUM") == float(roles.decision_visit)).alias("decision"),
        *(_known([*counts, *others]).alias(f"{name}_complete") for name in RESPONSES[:3]),
        *(_known([_pair(index)]).alias(f"{name}_complete") for name, index in EULAR.items()),
        _known(counts).alias(f"{DECIDED}_complete"),
    )


def baseline(inputs: Inputs) -> pl.DataFrame:
    """One row a subject with any baseline value: ``base_<value>`` for counts, scales, HAQ, CRP, ESR and both DAS28.

    ``base_<value>_visitnum`` is the visit that gave it.

    A measurement's is its flagged record (--LOBXFL); a computed value's is that of the last visit before exposure at
    which it could be computed.
    """
    visits = inputs.derived("components").collect()
    scored = inputs.derived("scores").collect()
    parts = dict.fromkeys(COUNTS, (visits, JOINTS)) | {HAQ: (visits, HAQ)}
    frames = [
        last_before(inputs, rows, value=name, dtc=f"{part}_dtc") for name, (rows, part) in parts.items()
    ]
    flagged = {
        name: visits.filter(f"{name}_baseline").select(
            "USUBJID", name, pl.col("VISITNUM").alias(f"{name}{AT_VISIT}")
        )
        for name in _MEASURED
    }
    frames += [each.unique("USUBJID", keep="last", maintain_order=True) for each in flagged.values()]
    frames += [_last_index(inputs, scored, index) for index in EULAR.values()]
    people = pl.concat([each.select("USUBJID") for each in frames]).unique().sort("USUBJID")
    for each in frames:
        people = people.join(each, on="USUBJID", how="left", maintain_order="left")
    return people.select("USUBJID", pl.exclude("USUBJID").name.prefix(_BASE))


def _last_index(inputs: Inputs, scored: pl.DataFrame, index: str) -> pl.DataFrame:
    early = scored.with_columns(pl.when(f"{index}_before").then(index).alias(index))
    return last_before(inputs, early, value=index, dtc="dtc")


def _pair(name: str) -> tuple[str, str]:
    return _BASE + name, name


def _known(pairs: Iterable[tuple[str, str]]) -> pl.Expr:
    return pl.all_horizontal(pl.col(name).is_not_null() for pair in pairs for name in pair)
