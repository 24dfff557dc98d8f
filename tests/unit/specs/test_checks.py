"""A check says whom it asks; one of the blind can ask nobody outside."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.specs.checks import Check

KNOWN = {
    "severity": "ERROR",
    "data": ["AE"],
    "rule": "r",
    "title": "t",
    "message": "m",
    "action": "a",
    "sql": "s",
}


def check(**facts: Any) -> Check:
    return Check.model_validate({**KNOWN, **facts})


@pytest.mark.parametrize(
    "ask", ["site", "sender of lab_results", "data management", "unblinded monitor", None]
)
def test_a_check_asks_people_of_a_trial_or_whom_its_source_says(ask: str | None) -> None:
    assert check(ask=ask).ask == ask


@pytest.mark.parametrize("ask", ["sites", "sender", "sender of the lab"])
def test_a_check_that_asks_nobody_known_is_refused(ask: str) -> None:
    with pytest.raises(ValidationError, match="ask names nobody"):
        check(ask=ask)


@pytest.mark.parametrize("ask", [None, "site", "sender of edc_ae", "medical monitor"])
def test_a_check_of_the_blind_that_asks_outside_is_refused(ask: str | None) -> None:
    with pytest.raises(ValidationError, match="a check of the blind asks"):
        check(ask=ask, blind="yes")
    assert check(ask="data management", blind="yes").blind
