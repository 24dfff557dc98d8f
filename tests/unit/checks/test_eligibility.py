"""Checks of who may take part, by what the forms say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.checks.screened import SCREENED, Tables, asked, severities


def test_ages_from_18_to_70_are_inside(tmp_path: Path) -> None:
    cases: list[Tables] = [{"sdtm.dm": [{"AGE": age}]} for age in (17.0, 18.0, 70.0, 71.0, None)]
    cases.append({**SCREENED, "sdtm.dm": [{"AGE": 71.0}]})
    found = asked(tmp_path, "BX-ELIG-01", cases)
    assert severities(found) == "E - - E - -"
    assert found[3][0]["detail"] == "Age 71 outside 18-70"


def test_the_2010_score_is_at_least_6_and_the_sum(tmp_path: Path) -> None:
    def score(*values: str | None) -> Tables:
        tests = ("ACRA", "ACRB", "ACRC", "ACRD", "ACRTOT")
        return {
            "sdtm.rs": [
                {"RSSEQ": n + 1.0, "RSTESTCD": test, "RSSTRESC": value}
                for n, (test, value) in enumerate(zip(tests, values, strict=True))
                if value is not None
            ]
        }

    cases: list[Tables] = [
        score("3", "2", "0", "1", "6"),
        score("2", "2", "0", "1", "5"),
        score("3", "2", "0", "1", "7"),
        score("3", "2", "0", "1", None),
        score("3", "2", None, "1", "6"),
        score("3", "4", "0", "1", "8"),
        score(None, None, None, None, None),
        {**score("2", "2", "0", "1", "5"), **SCREENED},
    ]
    found = asked(tmp_path, "BX-ELIG-02", cases)
    assert severities(found) == "- E E E E E - -"
    assert found[1][0]["record"] == "RS/5"


def test_symptoms_of_exactly_six_months_are_too_short_and_a_partial_onset_must_be_certain(
    tmp_path: Path,
) -> None:
    onsets = ("2026-06-14", "2026-06-15", "2026-06", "2026-07", "2026", "2027", None)
    found = asked(tmp_path, "BX-ELIG-03", [{"sdtm.mh": [{"MHSTDTC": onset}]} for onset in onsets])
    assert severities(found) == "- E - E - E -"


def test_a_randomized_subject_has_no_criterion_that_is_not_met(tmp_path: Path) -> None:
    named: Tables = {"sdtm.ie": [{"IETESTCD": "INCL10"}]}
    found = asked(tmp_path, "BX-ELIG-11", [named, {**named, **SCREENED}, {}])
    assert severities(found) == "E - -"
    assert found[0][0]["detail"] == "Randomized despite INCL10"


Answer = tuple[str | None, str | None]


def answered(*rows: Answer, **tables: Any) -> Tables:
    forms = [{"IEYN": yes, "IETESTCD": code, "_line": n + 2.0} for n, (yes, code) in enumerate(rows)]
    return {**SCREENED, "live.edc_ie": forms, **tables}


def test_the_site_and_the_data_agree_about_a_criterion(tmp_path: Path) -> None:
    old = {"sdtm.dm": [{"AGE": 71.0}]}
    joints = [
        {"MKTESTCD": "SJC28", "MKSTRESC": count, "VISITNUM": n} for n, count in ((0.0, "9"), (1.0, "3"))
    ]
    onset = {"sdtm.mh": [{"MHSTDTC": "2026"}]}
    cases: list[Tables] = [
        answered(("Y", None)),
        answered(("Y", None), **old),
        answered(("N", "INCL01"), **old),
        answered(("N", "INCL01")),
        answered(("N", "INCL10")),
        {**SCREENED, **old},  # the site has not answered yet
        answered(("Y", None), ("N", "INCL10"), **old),
        answered(("N", "INCL06"), **{"sdtm.mk": joints}),
        answered(("N", "INCL06"), **{"sdtm.mk": joints[:1]}),
        answered(("Y", None), **onset),
        answered(("N", "INCL03"), **onset),
        answered(("N", "EXCL01"), **{"sdtm.mb": [{"MBSTRESC": "NEGATIVE"}]}),
        answered(("Y", None), **{"sdtm.mb": [{"MBSTRESC": "POSITIVE"}]}),
        {**answered(("Y", None), **old), "derived.subjects": [{}]},  # randomized: asked by BX-ELIG-01
    ]
    found = asked(tmp_path, "BX-ELIG-12", cases)
    assert severities(found) == "- E - E - - EE - E - - - E -"
    assert found[1][0]["detail"] == "Site says INCL01 met, data say not"
    assert found[3][0]["detail"] == "Site says INCL01 not met, data say met"


def test_the_answer_of_a_form_agrees_with_the_criteria_on_it(tmp_path: Path) -> None:
    forms: list[list[Answer]] = [
        [("N", None)],
        [("Y", "INCL10")],
        [("N", "INCL10"), ("N", "INCL11")],
        [(None, "INCL10")],
    ]
    cases: list[Tables] = [{**answered(*each), "derived.subjects": [{}]} for each in forms]
    found = asked(tmp_path, "BX-ELIG-12", cases)
    assert severities(found) == "E E - -"
    assert [found[n][0]["variable"] for n in (0, 1)] == ["IEYN", "IEYN"]


def test_a_screen_failure_has_a_criterion_or_another_reason(tmp_path: Path) -> None:
    def ended(term: str | None, **tables: Any) -> Tables:
        return {**SCREENED, "sdtm.ds": [{"DSTERM": term}], **tables}

    bare = "DID NOT MEET THE ELIGIBILITY CRITERIA"
    cases: list[Tables] = [
        ended(bare),
        ended("SCREEN FAILURE"),
        ended(None),
        ended("SUBJECT MOVED TO ANOTHER CITY"),
        ended(bare, **{"sdtm.ie": [{"IETESTCD": "INCL08"}]}),
        ended(bare, **{"quarantine.edc_ie": [{}]}),
        ended(bare, **{"live.edc_ie": [{}], "ops.aside_ie": [{"source": "edc_ie"}]}),
        ended(bare, **{"live.edc_ie": [{}], "ops.aside_ie": [{"source": "edc_ie", "fate": "not submitted"}]}),
    ]
    assert severities(asked(tmp_path, "BX-ELIG-13", cases)) == "E E E - - - - E"


def test_conditions_that_exclude_did_not_occur(tmp_path: Path) -> None:
    conditions: list[dict[str, Any]] = [
        {"MHPTERM": "TB"},
        {"MHPTERM": "TB", "MHOCCUR": "N"},
        {"MHPTERM": "TB", "MHOCCUR": None},
        {"MHPTERM": "MALIG", "MHDETAIL": "Breast cancer in situ"},
        {"MHPTERM": "MALIG", "MHDETAIL": "Carcinoma in situ of the cervix, 2012"},
        {"MHPTERM": "MALIG", "MHDETAIL": "Basal cell carcinoma, excised"},
        {"MHPTERM": "MALIG"},
    ]
    cases: list[Tables] = [{"live.edc_mhpre": [row]} for row in conditions]
    found = asked(tmp_path, "BX-ELIG-14", [*cases, {**cases[0], **SCREENED}])
    assert severities(found) == "E - - E - - E -"
    assert found[0][0]["detail"] == "Excluded history TUBERCULOSIS"
