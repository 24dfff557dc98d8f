"""What the worked tables do not show: edges, missing values, prorated counts."""

from fractions import Fraction

import polars as pl
import pytest

from pipeline.derive.dose import with_dose
from pipeline.derive.egfr import MDRD_IDMS, with_egfr
from pipeline.derive.haq import category_scores, haq_di
from pipeline.derive.joints import joint_counts
from pipeline.derive.rational import exact, half_up, shortest, square_root
from pipeline.derive.response import eular_response, with_acr, with_improvement, with_lack_of_response
from pipeline.derive.scores import (
    DAS28_CRP,
    DAS28_CUTOFFS,
    DAS28_ESR,
    activity,
    scoring_value,
    with_cdai,
    with_das28,
)


def texts(**columns: str | None) -> pl.DataFrame:
    return pl.DataFrame({n: [v] for n, v in columns.items()}, schema=dict.fromkeys(columns, pl.String()))


def counts(positive: int, negative: int) -> pl.DataFrame:
    answers = ["Y"] * positive + ["N"] * negative + [None] * (28 - positive - negative)
    frame = pl.DataFrame({"visit": 1, "found": pl.Series(answers, dtype=pl.String)})
    return joint_counts(frame, keys=["visit"], found="found")


@pytest.mark.parametrize(
    ("positive", "negative", "count"),
    [
        (12, 16, "12"),
        (0, 28, "0"),
        (12, 15, "336/27"),
        (7, 7, "14"),
        (0, 14, "0"),
        (6, 7, None),
        (0, 0, None),
    ],
)
def test_a_joint_count_is_prorated_unrounded_from_half_of_the_joints_on(
    positive: int, negative: int, count: str | None
) -> None:
    totals = counts(positive, negative)
    assert totals["COUNT"].item() == count
    assert totals.select("_positive", "_evaluable").row(0) == (positive, positive + negative)


def test_a_prorated_count_that_improves_by_exactly_one_fifth_responds() -> None:
    # 15 of 27 joints and then 12 of 27: neither count is a finite decimal, their ratio is exactly 4/5.
    before, now = counts(15, 12)["COUNT"].item(), counts(12, 15)["COUNT"].item()
    frame = texts(b=before, v=now)
    judged = with_lack_of_response(
        frame, counts=[("b", "v"), ("b", "v")], percent=20, rule="BOTH", response="r", lack="l"
    )
    assert judged.select("r", "l").row(0) == ("Y", "N")
    assert with_improvement(frame, pair=("b", "v"), into="i")["i"].item() == "20.0"


def test_a_prorated_count_enters_das28_unrounded() -> None:
    frame = texts(
        t="196/9", s="0", c="0", p="15"
    )  # root of 196/9 is 14/3: the sum is 3.7833..., no more digits lost
    scored = with_das28(
        frame, tjc="t", sjc="s", reactant="c", ptga="p", formula=DAS28_CRP, score="x", category="y"
    )
    assert scored.select("x", "y").row(0) == ("3.78", "MODERATE")
    assert square_root(Fraction(196, 9)) == Fraction(14, 3)


def test_a_score_on_a_rounding_tie_goes_up() -> None:
    assert half_up(Fraction("2.595"), 2) == "2.60"
    assert half_up(Fraction("-2.595"), 2) == "-2.60"
    assert half_up(Fraction("-0.001"), 2) == "0.00"
    assert half_up(Fraction(1, 2), 0) == "1"
    assert shortest(Fraction("0.71250"), 4) == "0.7125"
    assert shortest(Fraction(100), 4) == "100"


@pytest.mark.parametrize(
    ("stored", "word"),
    [
        ("2.59", "REMISSION"),
        ("2.60", "LOW"),
        ("3.20", "LOW"),
        ("3.21", "MODERATE"),
        ("5.10", "MODERATE"),
        ("5.11", "HIGH"),
    ],
)
def test_das28_remission_is_strictly_below_its_cutoff_and_the_others_include_theirs(
    stored: str, word: str
) -> None:
    assert activity(Fraction(stored), DAS28_CUTOFFS) == word


@pytest.mark.parametrize("missing", ["t", "s", "c", "p"])
def test_a_missing_input_leaves_the_index_missing(missing: str) -> None:
    frame = texts(**({"t": "1", "s": "1", "c": "1", "p": "1"} | {missing: None}))
    scored = with_das28(
        frame, tjc="t", sjc="s", reactant="c", ptga="p", formula=DAS28_ESR, score="x", category="y"
    )
    assert scored.select("x", "y").row(0) == (None, None)


@pytest.mark.parametrize(
    "impossible", [{"t": "29"}, {"s": "-1"}, {"p": "101"}, {"q": "-0.1"}, {"t": "twelve"}]
)
def test_an_input_outside_its_scale_is_never_scored(impossible: dict[str, str]) -> None:
    frame = texts(**({"t": "1", "s": "1", "p": "1", "q": "1"} | impossible))
    scored = with_cdai(frame, tjc="t", sjc="s", ptga="p", phga="q", score="x", category="y")
    assert scored.select("x", "y").row(0) == (None, None)


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ("<0.5", "0.25"),
        ("< 3", "1.5"),
        ("<=3", "1.5"),
        (">200", "200"),
        ("12.40", "12.4"),
        ("TNP", None),
        (None, None),
    ],
)
def test_a_censored_result_is_halved_or_taken_at_its_bound_for_scoring(
    result: str | None, value: str | None
) -> None:
    assert texts(r=result).select(scoring_value(pl.col("r"))).item() == value


def acr(counts_now: tuple[str | None, str | None], others_now: list[str | None]) -> tuple[str | None, ...]:
    names = ["t", "s", "a", "b", "c", "d", "e"]
    before = {f"{n}0": "10" for n in names}
    now = dict(zip([f"{n}1" for n in names], [*counts_now, *others_now], strict=True))
    pairs = [(f"{n}0", f"{n}1") for n in names]
    return (
        with_acr(texts(**before, **now), counts=pairs[:2], others=pairs[2:])
        .select("ACR20", "ACR50", "ACR70")
        .row(0)
    )


def test_acr_is_undetermined_only_while_a_missing_value_could_change_it() -> None:
    assert acr(("8", "8"), ["8", "8", None, "10", "10"]) == (None, "N", "N")
    assert acr(("8", "8"), ["8", "10", None, "10", "10"]) == ("N", "N", "N")
    assert acr((None, "9"), ["8", "8", "8", "8", "8"]) == ("N", "N", "N")
    assert acr((None, "3"), [None] * 5) == (None, None, None)
    assert acr((None, "3"), ["9"] * 5) == ("N", "N", "N")


def test_acr_counts_a_measure_that_improves_by_exactly_the_level() -> None:
    assert acr(("8", "8"), ["8", "8", "8", "10", "10"]) == ("Y", "N", "N")
    assert acr(("8.0000000001", "8"), ["1"] * 5) == ("N", "N", "N")
    assert acr(("3", "3"), ["3", "3", "3", "10", "10"]) == ("Y", "Y", "Y")


def test_a_measure_that_rises_from_zero_is_worse_and_one_that_stays_at_zero_is_unchanged() -> None:
    frame = pl.DataFrame({"b": ["0", "0", "0.0"], "v": ["0", "3", "0"]})
    assert with_improvement(frame, pair=("b", "v"), into="i")["i"].to_list() == ["0.0", "-100.0", "0.0"]


def test_lack_of_response_under_either_is_or_and_under_both_is_and() -> None:
    frame = texts(t0="10", t1=None, s0="10", s1="9")
    pairs = [("t0", "t1"), ("s0", "s1")]
    either = with_lack_of_response(frame, counts=pairs, percent=20, rule="EITHER", response="r", lack="l")
    both = with_lack_of_response(frame, counts=pairs, percent=20, rule="BOTH", response="r", lack="l")
    assert either.select("r", "l").row(0) == ("N", "Y")
    assert both.select("r", "l").row(0) == ("N", None)
    with pytest.raises(ValueError, match="EITHER or BOTH"):
        with_lack_of_response(frame, counts=pairs, percent=20, rule="ANY", response="r", lack="l")


def test_eular_is_missing_without_one_of_its_scores() -> None:
    frame = pl.DataFrame({"b": ["5.1", None, "5.1"], "v": ["3.2", "3.2", None]})
    responses = frame.select(r=eular_response(pl.col("b"), pl.col("v")))["r"].to_list()
    assert responses == ["GOOD RESPONSE", None, None]


ITEMS = pl.DataFrame(
    [(f"{c}{n}", c, "activity") for c in "ABCDEFGH" for n in (1, 2)]
    + [("A9", "A", "help"), ("X9", None, "other")],
    schema=["item", "category", "role"],
    orient="row",
)


def haq(answers: dict[str, int | None], other_aids: pl.DataFrame | None = None) -> str | None:
    schema = {"visit": pl.Int64, "item": pl.String, "score": pl.Int64}
    rows = [(1, item, score) for item, score in answers.items()]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    scored = category_scores(frame, ITEMS, keys=["visit"], item="item", score="score", other_aids=other_aids)
    return haq_di(scored, keys=["visit"])["HAQDI"].item()


SEVEN = {f"{c}1": 0 for c in "ABCDEFG"}


def test_haq_di_of_seven_categories_is_a_rounded_seventh() -> None:
    assert haq(SEVEN | {"A1": 1}) == "0.143"
    assert haq(SEVEN | {"A1": 3, "B1": 2}) == "0.714"
    assert haq(SEVEN | {"G1": None}) == "0.000"
    assert haq(SEVEN | {"G1": None, "F1": None}) is None


def test_help_raises_its_category_to_two_and_an_other_aid_only_where_a_person_assigned_it() -> None:
    assert haq(SEVEN | {"A9": 1, "X9": 1}) == "0.286"
    assigned = pl.DataFrame({"visit": [1, 1], "category": ["B", "H"]})
    assert haq(SEVEN, assigned) == "0.286"  # H has no answered activity: an aid alone makes no score


def test_an_answer_outside_its_scale_leaves_the_index_missing() -> None:
    assert haq(SEVEN | {"A1": 4}) is None
    assert haq(SEVEN | {"A9": 2}) is None


def gfr(**changes: object) -> tuple[str | None, str | None]:
    given = {"c": "1.0", "u": "mg/dL", "a": 50, "s": "F", "b": False} | changes
    schema = {"c": pl.String, "u": pl.String, "a": pl.Int64, "s": pl.String, "b": pl.Boolean}
    frame = pl.DataFrame({n: [v] for n, v in given.items()}, schema=schema)
    inputs = {"creatinine": "c", "unit": "u", "age": "a", "sex": "s", "black": "b"}
    return (
        with_egfr(frame, **inputs, formula=MDRD_IDMS, egfr="e", limit=45, below="l").select("e", "l").row(0)
    )


def test_egfr_is_missing_where_an_input_is_missing_or_another_word() -> None:
    assert gfr() == ("58.7", "N")
    for change in ({"c": None}, {"c": "0"}, {"u": "g/L"}, {"a": None}, {"a": 0}, {"s": "U"}, {"b": None}):
        assert gfr(**change) == (None, None)


def test_egfr_is_judged_before_rounding() -> None:
    around = [gfr(c=f"1.2{n}", a=60) for n in range(15, 40)]  # from 45.2 down to 44.2
    assert ("45.0", "N") in around
    assert ("45.0", "Y") in around  # 44.97 shows as 45.0 and is below 45


@pytest.mark.parametrize(
    ("prepared", "infused", "dose", "total"),
    [
        ("90", "80", "0.6667", "46.667"),
        ("100", "0", "0", "0.000"),
        ("100", "101", None, None),
        ("0", "0", None, None),
    ],
)
def test_a_dose_is_rounded_half_up_only_where_it_must_be(
    prepared: str, infused: str, dose: str | None, total: str | None
) -> None:
    frame = texts(level="0.75", weight="70.0", prepared=prepared, infused=infused)
    given = with_dose(frame, level="level", weight="weight", prepared="prepared", infused="infused")
    assert given.select("_dose", "_total").row(0) == (dose, total)


@pytest.mark.parametrize("text", [None, "", "abc", "1/0", "1_000", "nan", "1/2/3", " 1"])
def test_an_exact_text_is_a_decimal_or_a_ratio_and_nothing_else(text: str | None) -> None:
    assert exact(text) is None


def test_no_rows_are_scored_as_no_rows() -> None:
    empty = texts(t=None, s=None, c=None, p=None).clear()
    scored = with_das28(
        empty, tjc="t", sjc="s", reactant="c", ptga="p", formula=DAS28_CRP, score="x", category="y"
    )
    assert scored.schema["x"] == pl.String
    pairs = [("t", "s"), ("c", "p")]
    assert with_acr(empty, counts=pairs, others=pairs * 2).height == 0
    assert empty.select(r=eular_response(pl.col("t"), pl.col("s"))).height == 0
    assert empty.select(r=scoring_value(pl.col("c"))).height == 0


def test_an_answer_that_is_no_number_leaves_the_index_missing_without_showing_it() -> None:
    frame = pl.DataFrame({"visit": 1, "item": list(SEVEN), "score": ["0"] * 6 + ["secret"]})
    scored = category_scores(frame, ITEMS, keys=["visit"], item="item", score="score")
    assert haq_di(scored, keys=["visit"])["HAQDI"].item() is None
