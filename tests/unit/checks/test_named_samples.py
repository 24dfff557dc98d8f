"""The sample that an adverse event names is one of the subject's, wherever its results are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks.asked import Rows, findings_of

WHO, OTHER = "101-001", "101-002"


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("LB", 0),
        ("FORM", 0),
        ("ASIDE", 0),
        ("HELD", 0),
        ("HELDFORM", 0),
        ("OTHERS", 1),
        ("NONE", 1),
        (None, 0),
    ],
)
def test_the_sample_that_an_event_names_is_there(tmp_path: Path, named: str | None, found: int) -> None:
    tables: dict[str, Rows] = {
        "live.edc_ae": [
            {"SUBJID": WHO, "AEACCESSN": named, "_line": 4},
            {"SUBJID": WHO, "AEACCESSN": "LB", "_line": 5},
        ],
        "sdtm.lb": [
            {"USUBJID": f"BXU001-RA-{WHO}", "LBREFID": "LB"},
            {"USUBJID": f"BXU001-RA-{OTHER}", "LBREFID": "OTHERS"},
        ],
        "live.edc_lbc": [{"SUBJID": WHO, "ACCESSN": "FORM"}],
        "live.lab_results": [{"SUBJID": WHO, "ACCESSN": "ASIDE", "_line": 9}],
        "ops.aside_lb": [{"line": 9, "rule": "BX-LB-04"}],
        "quarantine.lab_results": [{"SUBJID": "101001", "ACCESSN": "HELD "}],
        "quarantine.edc_lbc": [{"SUBJID": "101 001", "ACCESSN": "HELDFORM"}],
    }
    told = findings_of(tmp_path, "BX-LB-02A", tables)
    assert told.select("source", "line").rows() == [("edc_ae", 4)] * found
