"""The worked examples of the scores, in tables beside this file that a clinician can read and recompute."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline.derive.dose import with_dose
from pipeline.derive.egfr import MDRD_IDMS, MDRD_ORIGINAL, with_egfr
from pipeline.derive.haq import category_scores, haq_di
from pipeline.derive.rational import exact, half_up
from pipeline.derive.response import eular_response, with_acr, with_improvement, with_lack_of_response
from pipeline.derive.scores import (
    DAS28_CRP,
    DAS28_ESR,
    das28,
    scoring_value,
    with_cdai,
    with_das28,
    with_sdai,
)
from pipeline.derive.timing import study_day
from pipeline.derive.units import with_standard_result

HERE = Path(__file__).parent
DESIGN = HERE.parent.parent.parent / "shared" / "design" / "tables"

CATEGORIES = {
    "DRESSING AND GROOMING": ["HAQ0101", "HAQ0102"],
    "ARISING": ["HAQ0103", "HAQ0104"],
    "EATING": ["HAQ0105", "HAQ0106", "HAQ0107"],
    "WALKING": ["HAQ0108", "HAQ0109"],
    "HYGIENE": ["HAQ0123", "HAQ0124", "HAQ0125"],
    "REACH": ["HAQ0126", "HAQ0127"],
    "GRIP": ["HAQ0128", "HAQ0129", "HAQ0130"],
    "ACTIVITIES": ["HAQ0131", "HAQ0132", "HAQ0133"],
}
SHORT = ["dressing", "arising", "eating", "walking", "hygiene", "reach", "grip", "activities"]
AIDS = {
    "HAQ0110": "WALKING",
    "HAQ0113": "WALKING",
    "HAQ0115": "EATING",
    "HAQ0116": "ARISING",
    "HAQ0136": "GRIP",
    "HAQ0143": "REACH",
    "HAQ0145": "ACTIVITIES",
}
MEASURES = ["TJC", "SJC", "PAIN", "PTGA", "PHGA", "HAQ", "CRP"]


def oracle(name: str) -> pl.DataFrame:
    """A table of text columns; a dot is null."""
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]
    return pl.DataFrame(rows[1:], schema=dict.fromkeys(rows[0], pl.String()), orient="row").with_columns(
        pl.all().replace(".", None)
    )


def assert_same(computed: pl.DataFrame, expected: pl.DataFrame, pairs: dict[str, str]) -> None:
    """Each computed column equals the table's column, nulls included."""
    assert expected.height > 0
    wanted = expected.select(pl.col(theirs).alias(ours) for ours, theirs in pairs.items())
    assert_frame_equal(computed.select(*pairs), wanted)


def test_das28_by_crp_and_by_esr_agree_with_the_worked_visits() -> None:
    table = oracle("das28")
    scored = table.with_columns(_crp=scoring_value(pl.col("CRP")), _esr=scoring_value(pl.col("ESR")))
    inputs = {"tjc": "TJC28", "sjc": "SJC28", "ptga": "PTGA mm"}
    scored = with_das28(
        scored, **inputs, reactant="_crp", formula=DAS28_CRP, score="c", category="c_activity"
    )
    scored = with_das28(
        scored, **inputs, reactant="_esr", formula=DAS28_ESR, score="e", category="e_activity"
    )
    assert_same(scored, table, {"c": "DAS28-CRP", "c_activity": "CRP activity"})
    assert_same(scored, table, {"e": "DAS28-ESR", "e_activity": "ESR activity"})


@pytest.mark.parametrize(
    "variant", [("_crp", "unrounded CRP", DAS28_CRP), ("_esr", "unrounded ESR", DAS28_ESR)]
)
def test_das28_before_rounding_agrees_to_six_decimals(variant: tuple[str, str, object]) -> None:
    reactant, unrounded, formula = variant
    table = oracle("das28").with_columns(_crp=scoring_value(pl.col("CRP")), _esr=scoring_value(pl.col("ESR")))
    inputs = table.select("TJC28", "SJC28", reactant, "PTGA mm").rows()
    values = [das28(formula, *(exact(text) for text in row)) for row in inputs]
    assert [half_up(value, 6) for value in values] == table[unrounded].to_list()


def test_cdai_and_sdai_agree_with_the_worked_visits() -> None:
    table = oracle("cdai_sdai")
    inputs = {"tjc": "TJC28", "sjc": "SJC28", "ptga": "PTGA mm", "phga": "PHGA mm"}
    scored = with_cdai(table, **inputs, score="c", category="c_activity")
    scored = with_sdai(scored, **inputs, crp="CRP mg/L", score="s", category="s_activity")
    assert_same(scored, table, {"c": "CDAI", "c_activity": "CDAI activity"})
    assert_same(scored, table, {"s": "SDAI", "s_activity": "SDAI activity"})


def test_eular_response_agrees_with_the_worked_visits() -> None:
    table = oracle("eular")
    judged = table.with_columns(r=eular_response(pl.col("baseline"), pl.col("current")))
    assert_same(judged, table, {"r": "response"})


def acr_cases() -> tuple[pl.DataFrame, pl.DataFrame]:
    table = oracle("acr")
    rows = {
        kind: table.filter(pl.col("row") == kind).drop("row") for kind in ("baseline", "visit", "better %")
    }
    cases = rows["baseline"].select("case", *MEASURES).join(rows["visit"], on="case", suffix=" now")
    return cases, rows["better %"]


def pairs(names: list[str]) -> list[tuple[str, str]]:
    return [(name, f"{name} now") for name in names]


def test_acr_agrees_with_the_worked_cases_at_every_level() -> None:
    cases, _ = acr_cases()
    answers = with_acr(
        cases.drop("ACR20", "ACR50", "ACR70"), counts=pairs(MEASURES[:2]), others=pairs(MEASURES[2:])
    )
    levels = ["ACR20", "ACR50", "ACR70"]
    assert_frame_equal(answers.select("case", *levels), cases.select("case", *levels))
    assert not [name for name in answers.columns if name.startswith("_")]


@pytest.mark.parametrize("measure", MEASURES)
def test_improvement_in_per_cent_agrees_with_the_worked_cases(measure: str) -> None:
    cases, better = acr_cases()
    computed = with_improvement(cases, pair=(measure, f"{measure} now"), into="better")
    assert computed["better"].to_list() == better[measure].to_list()


@pytest.mark.parametrize("rule", ["EITHER", "BOTH"])
def test_lack_of_response_agrees_with_the_worked_cases(rule: str) -> None:
    table = oracle("rescue")
    counts = [("TJC before", "TJC week 12"), ("SJC before", "SJC week 12")]
    judged = with_lack_of_response(table, counts=counts, percent=20, rule=rule, response="r", lack="l")
    assert_same(judged, table, {"r": "both improved", "l": f"lack in {rule.lower()}"})


def haq_answers(table: pl.DataFrame) -> pl.DataFrame:
    """One row a form and item, from the answers before the arrow and the checked aids."""
    rows: list[tuple[str | None, str, int | None]] = []
    for form in table.iter_rows(named=True):
        for short, items in zip(SHORT, CATEGORIES.values(), strict=True):
            given = form[short].split("->")[0].split()
            rows += [
                (form["form"], i, None if v == "." else int(v)) for i, v in zip(items, given, strict=True)
            ]
        checked = (form["aids and help"] or "").split()
        rows += [(form["form"], aid, int(aid in checked)) for aid in AIDS]
    return pl.DataFrame(rows, schema={"form": pl.String, "item": pl.String, "score": pl.Int64}, orient="row")


def haq_items() -> pl.DataFrame:
    activities = [(item, category, "activity") for category, items in CATEGORIES.items() for item in items]
    aids = [(item, category, "aid") for item, category in AIDS.items()]
    return pl.DataFrame(activities + aids, schema=["item", "category", "role"], orient="row")


def test_haq_di_and_its_categories_agree_with_the_worked_forms() -> None:
    table = oracle("haq")
    scored = category_scores(haq_answers(table), haq_items(), keys=["form"], item="item", score="score")
    expected = [
        None if t == "." else int(t)
        for row in table.select(SHORT).rows()
        for t in (c.split("-> ")[1] for c in row)
    ]
    assert scored["category_score"].to_list() == expected
    index = haq_di(scored, keys=["form"], into="index")
    assert_frame_equal(index.select("form", "index"), table.select("form", index="HAQ-DI"))


@pytest.mark.parametrize(("constant", "formula"), [(175, MDRD_IDMS), (186, MDRD_ORIGINAL)])
def test_egfr_agrees_with_the_worked_cases(constant: int, formula: object) -> None:
    table = oracle("egfr")
    typed = table.with_columns(pl.col("age").cast(pl.Int64), pl.col("black") == "Y")
    inputs = {name: name for name in ("creatinine", "unit", "age", "sex", "black")}
    scored = with_egfr(typed, **inputs, formula=formula, egfr="rate", limit=45, below="low")
    assert_same(scored, table, {"rate": f"by {constant}", "low": f"below 45 by {constant}"})


def test_study_days_agree_with_the_worked_dates() -> None:
    table = oracle("study_day")
    days = table.with_columns(day=study_day(pl.col("date"), pl.col("first exposure")).cast(pl.String))
    assert_same(days, table, {"day": "study day"})


def test_doses_agree_with_the_worked_cases_and_placebo_receives_none() -> None:
    table = oracle("dose")
    inputs = {"weight": "weight kg", "prepared": "mL prepared", "infused": "mL infused"}
    active = with_dose(table, level="level 10^6/kg", **inputs, planned_total="p", dose="d", total="t")
    assert_same(active, table, {"p": "planned total", "d": "dose 10^6/kg", "t": "total given"})
    placebo = with_dose(table.with_columns(none=pl.lit("0")), level="none", **inputs, dose="d")
    assert placebo["d"].to_list() == ["0"] * table.height


def test_results_in_standard_units_agree_with_the_worked_results() -> None:
    table = oracle("conversion")
    frame = table.with_columns(pl.col("decimals").cast(pl.Int64))
    standard = with_standard_result(
        frame,
        orres="original",
        orresu="unit",
        factor="factor",
        std_unit="standard unit",
        places="decimals",
        stresc="c",
        stresn="n",
        stresu="u",
        problem="p",
    )
    assert_same(standard, table, {"c": "standard", "u": "standard unit"})
    assert standard["n"].to_list() == [None if text is None else float(text) for text in table["number"]]
    assert standard["p"].null_count() == table.height


def design(name: str) -> object:
    """The design's own copy of the examples; the product never reads it."""
    path = DESIGN / name
    if not path.is_file():
        pytest.skip("the design folder is not beside this checkout")
    return json.loads(path.read_text())


def texts(values: list[object]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


@pytest.mark.parametrize(
    ("table", "part", "columns"),
    [
        ("das28", "das28crp", {"TJC28": "TJC28", "DAS28-CRP": "stored", "CRP activity": "category"}),
        ("das28", "das28esr", {"ESR": "ESR_mmh", "DAS28-ESR": "stored", "ESR activity": "category"}),
        ("cdai_sdai", "cdai", {"PHGA mm": "PHGA_mm", "CDAI": "stored", "CDAI activity": "category"}),
        ("cdai_sdai", "sdai", {"CRP mg/L": "CRP_mgL", "SDAI": "stored", "SDAI activity": "category"}),
        ("eular", "eular", {"baseline": "baseline", "current": "current", "response": "response"}),
        (
            "rescue",
            "rescue",
            {"TJC week 12": "TJC12", "lack in either": "lack_either", "lack in both": "lack_both"},
        ),
        ("haq", "haq", {"form": "id", "HAQ-DI": "HAQDI"}),
        (
            "egfr",
            "egfr",
            {"creatinine": "SCR", "by 175": "IDMS175", "by 186": "ORIG186", "below 45 by 175": "excl05_175"},
        ),
        ("study_day", "studyday", {"date": "DTC", "study day": "DY"}),
        ("dose", "dose", {"dose 10^6/kg": "EXDOSE_active", "total given": "total_given_1e6"}),
    ],
)
def test_the_tables_say_what_the_design_says(table: str, part: str, columns: dict[str, str]) -> None:
    examples = design("oracles.json")[part]
    for ours, theirs in columns.items():
        assert oracle(table)[ours].to_list() == texts([example[theirs] for example in examples])


def test_the_acr_and_conversion_tables_say_what_the_design_says() -> None:
    cases, better = acr_cases()
    for n, example in enumerate(design("oracles.json")["acr"]):
        assert texts([cases[f"{name} now"][n] for name in MEASURES]) == texts(
            [example["post"][m] for m in MEASURES]
        )
        assert better.row(n)[1:8] == tuple(example["improvement"][name] for name in MEASURES)
        assert cases.select("ACR20", "ACR50", "ACR70").row(n) == tuple(
            example[f"ACR{level}"] for level in (20, 50, 70)
        )
    conversions = design("oracles_conversion.json")
    keys = {"test": "test", "original": "orres", "unit": "orresu", "standard": "stresc"}
    for ours, theirs in keys.items():
        assert oracle("conversion")[ours].to_list() == [row[theirs] for row in conversions]
