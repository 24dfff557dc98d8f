"""What a condition of an explanation sees: the records of the package, and of their subject in DM."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.conformance.verdict import CORE, At, CoreResult, Issue, OwnResult, RuleOutcome
from pipeline.errors import SpecError
from pipeline.flow.conform import matched
from pipeline.flow.conform_records import packaged_records
from tests.unit.conformance.packages import packed
from tests.unit.emit import submission_frames as sf


def test_records_have_their_variables_and_those_of_the_subject_and_else_nothing(tmp_path: Path) -> None:
    records = packaged_records(packed(tmp_path / "release").root, sf.study())
    found = records("AE", ["AETERM", "SEX", "RFICDTC"])
    assert found is not None
    assert [row[:2] for row in found.rows()] == [("RASH", "F"), ("HEADACHE", "F")]
    summary = records("TS", ["TSPARMCD", "SEX"])
    assert summary is not None
    assert summary.rows() == [("SSTDTC", None)]
    assert records("MH", ["MHTERM"]) is None
    with pytest.raises(SpecError, match="a condition on AE names SEXX, which neither it nor DM has"):
        records("AE", ["SEXX"])


def test_a_variable_that_is_lost_is_no_panel_that_was_not_drawn(tmp_path: Path) -> None:
    """EPOCH missing in LB is explained where nothing was drawn; here something was."""
    root = packed(tmp_path / "release").root
    rules = (RuleOutcome("CORE-000701", {"issue reported": 1}),)
    places = (At(1, "S-1", 1),)
    issue = Issue(CORE, "CORE-000701", "LB", "EPOCH is missing", ("EPOCH",), places)
    core = CoreResult("0.17.1", rules=rules, issues=(issue,))
    assert matched(root, core, OwnResult(), sf.study(), "FINAL").unexplained == (issue,)
