"""The identifier of a form's record goes where the specification says, and nowhere else."""

from __future__ import annotations

import polars as pl

from pipeline.flow.context import study_parts
from pipeline.flow.delivered import delivered_sources
from pipeline.review.annotations import field_annotations
from pipeline.review.usage import usage
from pipeline.review.use import Role
from pipeline.settings import CHECKOUT, Settings
from pipeline.warehouse.builds import Build

PARTS = study_parts(Settings(home=CHECKOUT / "var"))
DELIVERED = delivered_sources(PARTS.models)
RECORD = PARTS.spec.study.reference.record_column


def _filled(night: Build) -> set[tuple[str, str]]:
    """(source, variable) wherever a record has the identifier of the row that it is made of."""
    found = set()
    for name, dataset in PARTS.spec.datasets.items():
        number = f"{name}SEQ"
        records = night.read("sdtm", name.lower()).collect()
        if number not in records.columns or "USUBJID" not in records.columns:
            continue
        records = records.with_columns(pl.col(number).cast(pl.Int64))
        links = night.read("ops", f"links_{name.lower()}").filter(pl.col("role") == "record").collect()
        for source in set(links["source"]) & {
            each for each in DELIVERED if RECORD in DELIVERED[each].columns
        }:
            rows = night.read("typed", source).select("_line", RECORD).collect()
            here = links.filter(pl.col("source") == source).join(rows, left_on="line", right_on="_line")
            joined = records.join(here, left_on=["USUBJID", number], right_on=["subject", "seq"])
            texts = [each for each in dataset.variables if joined.schema.get(each) == pl.String]
            found |= {(source, f"{name}.{each}") for each in texts if (joined[each] == joined[RECORD]).any()}
    return found


def test_every_variable_that_holds_the_identifier_of_a_form_is_declared_and_annotated(night: Build) -> None:
    declared = {
        (source, use.target)
        for (source, column), uses in usage(PARTS.spec, DELIVERED).items()
        for use in uses
        if column == RECORD and use.role is Role.FILLS
    }
    filled = _filled(night)
    assert filled
    assert filled - declared == set()
    notes = field_annotations(PARTS.spec, DELIVERED)
    for source, target in filled:
        dataset, _, variable = target.partition(".")
        shown = [each for each in notes[source, RECORD] if each.dataset == dataset]
        assert any(variable in each.variables for each in shown), (source, target)
