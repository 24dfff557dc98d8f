"""Activity indices of every visit, computed from its components (study design 3.7a to c)."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.scores import DAS28_CRP, DAS28_ESR, with_cdai, with_das28, with_sdai
from pipeline.domains.components import COUNTS, HAQ, JOINTS, KEYS, REACTANTS, SCALES
from pipeline.domains.records import Inputs

# Index -> the parts of a visit that it is made of.
INDICES: Final = {
    "das28_crp": (JOINTS, "ptga", "crp"),
    "das28_esr": (JOINTS, "ptga", "esr"),
    "cdai": (JOINTS, "ptga", "phga"),
    "sdai": (JOINTS, "ptga", "phga", "crp"),
}
_CATEGORY: Final = "_activity"


def indices(inputs: Inputs) -> pl.DataFrame:
    """One row a subject and visit of ``components``: its values, each index (text) and ``<index>_activity``.

    An index is null if any of its components is missing. ``dtc`` is the date of the joint assessment;
    ``<index>_before`` says whether all parts of the index were assessed before exposure.
    """
    found = inputs.derived("components").collect()
    for formula, index, reactant in ((DAS28_CRP, "das28_crp", "crp"), (DAS28_ESR, "das28_esr", "esr")):
        found = with_das28(
            found,
            tjc="tjc",
            sjc="sjc",
            reactant=reactant,
            ptga="ptga",
            formula=formula,
            score=index,
            category=index + _CATEGORY,
        )
    found = with_cdai(
        found, tjc="tjc", sjc="sjc", ptga="ptga", phga="phga", score="cdai", category=f"cdai{_CATEGORY}"
    )
    found = with_sdai(
        found,
        tjc="tjc",
        sjc="sjc",
        ptga="ptga",
        phga="phga",
        crp="crp",
        score="sdai",
        category=f"sdai{_CATEGORY}",
    )
    before = {
        f"{index}_before": pl.all_horizontal(f"{part}_before" for part in parts) & pl.col(index).is_not_null()
        for index, parts in INDICES.items()
    }
    return found.with_columns(**before).select(
        *KEYS,
        "VISITDY",
        pl.col(f"{JOINTS}_dtc").alias("dtc"),
        *COUNTS,
        *SCALES,
        HAQ,
        *REACTANTS,
        *(column for index in INDICES for column in (index, index + _CATEGORY)),
        *(pl.col(name).fill_null(value=False) for name in before),
    )
