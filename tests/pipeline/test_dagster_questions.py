"""What to ask whom: who is asked, how often, and where to look, without a subject."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.findings import as_findings
from pipeline.flow.context import study_parts
from pipeline.flow.questions import QUESTION, questions
from pipeline.settings import Settings

PARTS = study_parts(Settings(Path("unused")))


def asked(rows: list[tuple[str, str, str | None, int | None]], severity: str = "ERROR") -> list[tuple]:
    found = pl.DataFrame(rows, schema=["source", "file", "subject", "line"], orient="row")
    frame = as_findings(found, rule="x.rule", severity=severity, message="m", action="a", quarantined=True)
    told = questions(frame, PARTS)
    assert told.schema == QUESTION
    return told.select("ask", "count", "where").rows()


def test_a_form_is_asked_at_the_subjects_site_in_one_question_per_rule() -> None:
    rows = [
        ("edc_vs", "edc/VS.csv", "102-001", 9),
        ("edc_vs", "edc/VS.csv", "101-002", 4),
        ("edc_vs", "edc/VS.csv", "101-001", 3),
    ]
    assert asked(rows) == [("site 101", 2, "edc/VS.csv: 3, 4"), ("site 102", 1, "edc/VS.csv: 9")]


def test_a_vendors_file_and_a_whole_file_are_asked_at_the_sender() -> None:
    rows = [("lab_results", "lab/x.txt", "101-001", 7), ("edc_vs", "edc/VS.csv", None, None)]
    assert asked(rows) == [
        ("sender of edc_vs", 1, "edc/VS.csv"),
        ("sender of lab_results", 1, "lab/x.txt: 7"),
    ]


def test_many_lines_are_cut_short_and_a_dataset_without_file_asks_the_site() -> None:
    assert asked([("edc_vs", "edc/VS.csv", "101-001", line) for line in range(9, 0, -1)]) == [
        ("site 101", 9, "edc/VS.csv: 1, 2, 3, 4, 5, 6, ...")
    ]
    assert asked([("LB", None, "103-004", None)]) == [("site 103", 1, None)]


def test_harmless_facts_are_no_questions() -> None:
    assert asked([("edc_vs", "edc/VS.csv", "101-001", 1)], severity="INFO") == []
