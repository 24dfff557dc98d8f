"""The rules asked all at once find the columns that pandera, asking one by one, would complain of."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from pipeline.contracts.breaches import BREACH, declared_breaches
from pipeline.contracts.screen import doubtful
from pipeline.contracts.texts import blank_as_null
from tests.unit.contracts.frames import MODELS, delivered

AE = MODELS["edc_ae"]
DIRT = st.sampled_from(["", "x" * 300, "30-FEB-2027", "UN-MAR-2027", "-7", "25:00", "N", "1", "Zebra"])
SOME = ("AETERM", "AESTDAT", "AESTTIM", "AESER", "AENO", "AESDTH", "SUBJID")


def by_pandera_alone(texts: pl.DataFrame) -> pl.DataFrame:
    try:
        AE.validate(texts, lazy=True)
    except SchemaErrors as errors:
        return errors.failure_cases.select(position="index", column="column", kind="check").cast(BREACH)
    return BREACH.to_frame()


@given(st.lists(st.dictionaries(st.sampled_from(SOME), DIRT), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_no_breach_is_lost_and_none_is_added(rows: list[dict[str, str]]) -> None:
    texts = blank_as_null(delivered("edc_ae", *rows))
    whole, screened = by_pandera_alone(texts), declared_breaches(texts, AE)
    assert screened.sort(BREACH.names()).equals(whole.sort(BREACH.names()))
    assert set(doubtful(texts, AE.to_schema())) == set(whole["column"])


@pytest.mark.parametrize(
    "column",
    [
        pa.Column(pl.String, nullable=False),
        pa.Column(pl.String, nullable=True, unique=True),
        pa.Column(pl.Int64, nullable=True),
        pa.Column(pl.String, checks=pa.Check.str_length(1, 3), nullable=True),
    ],
)
def test_what_only_pandera_can_ask_is_left_to_it(column: pa.Column) -> None:
    texts = pl.DataFrame({"A": ["fine"], "B": ["fine"]})
    plain = pa.Column(pl.String, nullable=True)
    assert doubtful(texts, pa.DataFrameSchema({"A": column, "B": plain})) == ["A"]
    whole = pa.DataFrameSchema({"A": plain, "B": plain}, checks=pa.Check(lambda at: at.lazyframe))
    assert doubtful(texts, whole) == ["A", "B"]
