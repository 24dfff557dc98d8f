"""What the study says about comparing nights names columns that its senders deliver."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.flow.context import study_parts
from pipeline.flow.delta_sources import identity_of
from pipeline.settings import Settings

PARTS = study_parts(Settings(Path("unused")))
COMPARE = PARTS.spec.study.delivery.compare
DELIVERED = {name: set(layout.columns) for name, layout in PARTS.layouts.items()}


def test_bookkeeping_and_locks_are_columns_of_every_form() -> None:
    assert COMPARE.locked is not None
    named = {*COMPARE.audit, *COMPARE.numbering, COMPARE.locked.column}
    assert all(named <= columns for source, columns in DELIVERED.items() if source.startswith("edc_"))


@pytest.mark.parametrize("term", COMPARE.coded, ids=lambda term: term.form)
def test_a_coded_text_lies_in_its_form_and_in_the_file_of_its_codes(term: object) -> None:
    form, coding = DELIVERED[term.form], DELIVERED[term.coding]  # type: ignore[attr-defined]
    assert term.term in form  # type: ignore[attr-defined]
    assert term.verbatim in coding  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "key", "own"),
    [
        ("edc_ae", ("RECORDID",), ("RECORDID",)),
        ("lab_results", ("ACCESSN", "LABTESTCD", "SPECIMEN", "REVNO"), ("ACCESSN",)),
        ("coding_meddra", ("SOURCE", "RECORDID", "RECVERSION"), ("RECORDID",)),
    ],
)
def test_a_record_is_named_by_what_its_contract_calls_unique(
    source: str, key: tuple[str, ...], own: tuple[str, ...]
) -> None:
    found = identity_of(PARTS, source)
    assert (found.key, found.own) == (key, own)
    assert set(found.key) <= DELIVERED[source]
