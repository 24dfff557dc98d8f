from fractions import Fraction
from itertools import product

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.derive.response import improvement, with_acr, with_lack_of_response
from pipeline.derive.scores import DAS28_CRP, DAS28_ESR, with_cdai, with_das28, with_sdai

COUNT = st.integers(0, 28)
RATIO = st.builds(
    lambda top, bottom: f"{28 * min(top, bottom)}/{bottom}", st.integers(0, 28), st.integers(14, 28)
)
SCALE = st.integers(0, 100)
CRP = st.decimals(0, 300, places=2).map(lambda value: f"{value:f}")
POSITIVE = st.one_of(st.integers(1, 40).map(str), st.just("364/27"))
MEASURE = st.one_of(st.none(), st.integers(0, 40).map(str), RATIO)


@settings(max_examples=50, deadline=None)
@given(COUNT, COUNT, SCALE, SCALE, CRP)
def test_indices_agree_with_floating_point_to_their_last_decimal(
    tjc: int, sjc: int, ptga: int, phga: int, crp: str
) -> None:
    frame = pl.DataFrame({"t": [str(tjc)], "s": [str(sjc)], "p": [str(ptga)], "q": [str(phga)], "c": [crp]})
    scored = with_das28(
        frame, tjc="t", sjc="s", reactant="c", ptga="p", formula=DAS28_CRP, score="crp", category="_1"
    )
    scored = with_das28(
        scored, tjc="t", sjc="s", reactant="c", ptga="p", formula=DAS28_ESR, score="esr", category="_2"
    )
    scored = with_cdai(scored, tjc="t", sjc="s", ptga="p", phga="q", score="cdai", category="_3")
    row = with_sdai(scored, tjc="t", sjc="s", ptga="p", phga="q", crp="c", score="sdai", category="_4").row(
        0, named=True
    )
    frames = pl.DataFrame({"t": [tjc], "s": [sjc], "p": [ptga], "q": [phga], "c": [float(crp)]})
    roots = 0.56 * pl.col("t").sqrt() + 0.28 * pl.col("s").sqrt() + 0.014 * pl.col("p")
    clinical = pl.col("t") + pl.col("s") + (pl.col("p") + pl.col("q")) / 10
    floats = frames.select(
        crp=roots + 0.36 * pl.col("c").log1p() + 0.96,
        esr=roots + 0.7 * pl.col("c").clip(lower_bound=1).log(),
        cdai=clinical,
        sdai=clinical + pl.col("c") / 10,
    ).row(0, named=True)
    assert all(
        abs(float(row[name]) - value) <= (0.0501 if name == "cdai" else 0.00501)
        for name, value in floats.items()
    )


def completions(value: str | None) -> list[str]:
    """What a missing value could have been: nothing left, or far worse."""
    return ["0", "1000"] if value is None else [value]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(POSITIVE, MEASURE), min_size=7, max_size=7))
def test_acr_is_null_exactly_when_the_missing_values_could_decide_it(
    pairs: list[tuple[str, str | None]],
) -> None:
    names = [(f"b{n}", f"v{n}") for n in range(7)]
    baselines = {f"b{n}": before for n, (before, _) in enumerate(pairs)}

    def judge(rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
        visits = pl.DataFrame(rows, schema={f"v{n}": pl.String for n in range(7)}, orient="row")
        frame = visits.with_columns(pl.lit(text).alias(name) for name, text in baselines.items())
        return with_acr(frame, counts=names[:2], others=names[2:]).select("ACR20", "ACR50", "ACR70")

    answer = judge([tuple(after for _, after in pairs)]).row(0)
    possible = judge(list(product(*(completions(after) for _, after in pairs))))
    for level, given_answer in zip(possible.columns, answer, strict=True):
        outcomes = set(possible[level].to_list())
        assert given_answer == (outcomes.pop() if len(outcomes) == 1 else None)


@settings(max_examples=50, deadline=None)
@given(st.tuples(MEASURE, MEASURE, MEASURE, MEASURE))
def test_lack_under_both_implies_lack_under_either_and_response_excludes_it(
    values: tuple[str | None, ...],
) -> None:
    frame = pl.DataFrame([values], schema=dict.fromkeys(["t0", "t1", "s0", "s1"], pl.String()), orient="row")
    counts = [("t0", "t1"), ("s0", "s1")]
    answers = {}
    for rule in ("EITHER", "BOTH"):
        judged = with_lack_of_response(frame, counts=counts, percent=20, rule=rule, response="r", lack="l")
        answers["response"], answers[rule] = judged.select("r", "l").row(0)
    assert not (answers["BOTH"] == "Y" and answers["EITHER"] != "Y")
    assert (answers["response"], answers["EITHER"]) in [("Y", "N"), ("N", "Y"), (None, None)]


@settings(max_examples=50, deadline=None)
@given(st.fractions(min_value=Fraction(1, 10), max_value=100), st.fractions(min_value=0, max_value=100))
def test_improvement_is_the_share_that_is_gone(before: Fraction, now: Fraction) -> None:
    assert before * (1 - improvement(before, now) / 100) == now
