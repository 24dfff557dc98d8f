"""The disability index of every visit, from the finished questionnaire records (study design 3.3)."""

from __future__ import annotations

import polars as pl

from pipeline.derive.haq import category_scores, haq_di
from pipeline.domains.occasions import one_a_visit, with_before
from pipeline.domains.records import Inputs
from pipeline.domains.score_roles import scores_of

SCORE = "haq_di"
_OCCASION = ["USUBJID", "VISITNUM", "spid", "dtc"]
_FREE_TEXT = "other aid, text"


def disability(inputs: Inputs) -> pl.DataFrame:
    """One row a subject and visit: a column a category (Int64), ``haq_di`` (text, 3 decimals), dtc, seq, before,
    ``records`` (the --SEQ of every answer of the questionnaire).

    A category is null if none of its activities was answered, the index with fewer than 6 categories. Where a visit has
    several questionnaires, the last one before exposure counts, otherwise the last one.
    """
    answers = _answers(inputs)
    items = _items(inputs)
    texts = answers.filter(pl.col("role") == _FREE_TEXT)
    scored = answers.filter(pl.col("role") != _FREE_TEXT).select(*_OCCASION, "item", "score")
    categories = category_scores(
        scored, items, keys=_OCCASION, item="item", score="score", other_aids=_assigned(inputs, texts)
    )
    index = haq_di(categories, keys=_OCCASION, into=SCORE)
    wide = categories.pivot("category", index=_OCCASION, values="category_score", maintain_order=True)
    wide = wide.rename({name: column_name(name) for name in wide.columns if name not in _OCCASION})
    known = answers.group_by(_OCCASION).agg(
        pl.col("VISITDY").first(), pl.col("seq").min(), records=pl.col("seq").sort()
    )
    rows = index.join(wide, on=_OCCASION, how="left", nulls_equal=True).join(
        known, on=_OCCASION, nulls_equal=True
    )
    chosen = one_a_visit(with_before(inputs, rows), [pl.col(SCORE).is_not_null()])
    return chosen.select(
        "USUBJID",
        "VISITNUM",
        *(c for c in wide.columns if c not in _OCCASION),
        SCORE,
        "dtc",
        "seq",
        "before",
        "records",
    )


def column_name(category: str) -> str:
    """``DRESSING AND GROOMING`` -> ``dressing_and_grooming``."""
    return category.lower().replace(" ", "_")


def _items(inputs: Inputs) -> pl.DataFrame:
    """``item``, ``category``, ``role`` and the codemap that turned a box into a word (null for scores)."""
    role = scores_of(inputs).disability
    table, prefix = inputs.spec.table(role.items), role.dataset
    return table.filter(pl.col(f"{prefix}SCAT").is_not_null() | (pl.col("role") == _FREE_TEXT)).select(
        item=f"{prefix}TESTCD",
        category=f"{prefix}SCAT",
        role="role",
        codemap=pl.col("result").str.extract("^term:(.*)$"),
    )


def _answers(inputs: Inputs) -> pl.DataFrame:
    """One row an item and occasion: ``score`` (0 to 3, boxes 0 or 1, null if not answered; free text as it is)."""
    items, prefix = _items(inputs), scores_of(inputs).disability.dataset
    found = (
        inputs.records(prefix)
        .select(
            "USUBJID", "VISITNUM", "VISITDY",
            item=f"{prefix}TESTCD", spid=f"{prefix}SPID", dtc=f"{prefix}DTC",
            seq=pl.col(f"{prefix}SEQ").cast(pl.Int64), score=f"{prefix}STRESC",
        )
        .join(items.lazy().select("item", "role", "codemap"), on="item", how="inner", maintain_order="left")
    )  # fmt: skip
    boxes = {
        name: {term: code for code, term in inputs.spec.codemap(name).items()}
        for name in items["codemap"].drop_nulls().unique().sort()
    }
    score = pl.col("score")
    for name, codes in boxes.items():
        code = pl.col("score").replace_strict(codes, default=None, return_dtype=pl.String)
        score = pl.when(pl.col("codemap") == name).then(code).otherwise(score)
    return found.with_columns(score.alias("score")).drop("codemap").collect()


def _assigned(inputs: Inputs, texts: pl.DataFrame) -> pl.DataFrame | None:
    """Aids in the subject's words whose category a person has assigned; None if the study has no table of them."""
    name = scores_of(inputs).disability.other_aids
    if name is None:
        return None
    table = inputs.spec.table(name).select(_key=pl.col("text").str.to_uppercase(), category="category")
    said = texts.drop_nulls("score").with_columns(_key=pl.col("score").str.to_uppercase())
    return said.join(table, on="_key", how="inner").select(*_OCCASION, "category")
