"""What the EDC computes and shows: indices, responses and the rescue decision, by exact rules."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.activity import missing_crp
from data_contracts.bxu001_ra.simulation.arrays import Array, edc_date, one_of, yes_no
from data_contracts.bxu001_ra.simulation.assessments import CATEGORIES, answers, performed
from data_contracts.bxu001_ra.simulation.edc import entered
from data_contracts.bxu001_ra.simulation.lab_values import crp_text
from data_contracts.bxu001_ra.simulation.trial import Trial, efficacy_done
from pipeline.derive.haq import ACTIVITY, category_scores, haq_di
from pipeline.derive.joints import counted
from pipeline.derive.response import eular_response, with_acr
from pipeline.derive.scores import DAS28_CRP, DAS28_ESR, scoring_value, with_cdai, with_das28, with_sdai

_COMPONENTS: Final = ("tjc", "sjc", "pain", "ptga", "phga", "haq", "crp")
JUDGED: Final = (*_COMPONENTS, "DAS28CRP", "DAS28ESR")  # what responses are judged by
SCORED_ITEMS: Final = tuple(number for parts in CATEGORIES.values() for part in parts for number in part)
_UNDETERMINED: Final = "U"
_EULAR: Final = {"GOOD RESPONSE": "G", "MODERATE RESPONSE": "M", "NO RESPONSE": "N"}


def disease_activity(trial: Trial, until: int) -> pl.DataFrame:
    """DAR of the visits that were computed by minute ``until``; responses only after the baseline."""
    computed = _with_responses(with_indices(_components(trial)))
    person, place = computed["person"].to_numpy(), computed["place"].to_numpy()
    slot = np.array(c.EFFICACY)[place]
    created = computed_at(trial)[person, place]
    fields = {
        "DARDAT": edc_date(trial.course.visit[person, slot]),
        **{name: computed[name] for name in ("DAS28CRP", "DAS28ESR", "CDAI", "SDAI")},
        **{name: computed[name] for name in ("ACR20", "ACR50", "ACR70", "EULCRP", "EULESR")},
    }
    return entered(person, one_of(c.VISITS, slot), created, fields).filter(pl.Series(created <= until))


def computed_at(trial: Trial) -> Array:
    """Minute [person, efficacy visit] at which the last component, usually CRP, has arrived."""
    slots = list(c.EFFICACY)
    known = np.maximum(trial.entered[:, slots], trial.reported[:, slots])
    minute: Array = known + 600
    return minute


def rescue_decision(trial: Trial) -> pl.DataFrame:
    """RESC at Week 12 and, confirmed, at Week 14; undetermined if Week 12 was missed."""
    course, activity = trial.course, trial.activity
    parts = []
    for slot in (c.W12, c.W14):
        own = np.flatnonzero(course.done[:, slot])
        known = course.done[own, c.W12]
        improved = np.where(known, activity.improved[own].astype(np.int64), 2)
        computed = computed_at(trial)[own, c.WEEK12_PLACE]
        created = computed if slot == c.W12 else trial.entered[own, slot]
        fields = {
            "RESTJSJ": one_of(("N", "Y", _UNDETERMINED), improved),
            "RESCUE": yes_no(~activity.improved[own] & known),
            "RESDAT": edc_date(course.visit[own, slot]),
        }
        parts.append(entered(own, c.VISITS[slot], created, fields))
    return pl.concat(parts)


def _components(trial: Trial) -> pl.DataFrame:
    """One row a done efficacy visit: exact texts of all components, null where one is missing."""
    person, place = np.nonzero(efficacy_done(trial))
    made, activity = performed(trial), trial.activity
    slot = np.array(c.EFFICACY)[place]
    drawn = trial.course.drawn[person, slot]
    frame = pl.DataFrame(
        {
            "person": person,
            "place": place,
            "evaluable": activity.evaluable.sum(axis=1)[person],
            "tender": _known(activity.tender_count[person, place], made.joints[person, place]),
            "swollen": _known(activity.swollen_count[person, place], made.joints[person, place]),
            "ptga": _known(activity.patient[person, place], made.patient[person, place]),
            "phga": _known(activity.physician[person, place], made.physician[person, place]),
            "pain": _known(activity.pain[person, place], made.questionnaire[person, place]),
            "crp_text": crp_text(missing_crp(trial.course, activity.crp)[person, place]),
            "esr": _known(activity.esr[person, place], drawn),
            "haq": _haq(trial, person, place),
        }
    )
    return frame.with_columns(
        counted(pl.col("tender"), pl.col("evaluable")).alias("tjc"),
        counted(pl.col("swollen"), pl.col("evaluable")).alias("sjc"),
        scoring_value(pl.col("crp_text")).alias("crp"),
        pl.col("ptga", "phga", "pain", "esr").cast(pl.String),
    )


def _known(values: Array, condition: Array) -> pl.Series:
    return pl.Series(values).set(pl.Series(~condition), None)


def _haq(trial: Trial, person: Array, place: Array) -> pl.Series:
    made = performed(trial).questionnaire[person, place]
    given = answers(trial, person, place)
    wide = pl.DataFrame({f"HAQ{number:02}": given[f"HAQ{number:02}"] for number in SCORED_ITEMS})
    index = haq_index(wide.with_row_index("row").filter(pl.Series(made)))
    rows = pl.DataFrame({"row": np.arange(person.size, dtype=np.uint32)})
    return rows.join(index, on="row", how="left", maintain_order="left")["haq"]


def haq_index(forms: pl.DataFrame) -> pl.DataFrame:
    """``row`` and ``haq`` (text) of forms with ``row`` and the scored items as numbers; null with too few answers."""
    items = pl.DataFrame(
        [
            (f"HAQ{number:02}", category, ACTIVITY if part == 0 else "aid")
            for category, parts in CATEGORIES.items()
            for part, numbers in enumerate(parts)
            for number in numbers
        ],
        schema=["item", "category", "role"],
        orient="row",
    )
    long = forms.unpivot(index="row", variable_name="item", value_name="score")
    scores = category_scores(long, items, keys=["row"], item="item", score="score")
    return haq_di(scores, keys=["row"], into="haq")


def with_indices(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` (exact texts of the components) plus the four indices; null where a component is missing."""
    scored = frame
    for formula, reactant, score in ((DAS28_CRP, "crp", "DAS28CRP"), (DAS28_ESR, "esr", "DAS28ESR")):
        scored = with_das28(
            scored, tjc="tjc", sjc="sjc", reactant=reactant, ptga="ptga", formula=formula, score=score,
            category="_level",
        )  # fmt: skip
    cdai = with_cdai(scored, tjc="tjc", sjc="sjc", ptga="ptga", phga="phga", score="CDAI", category="_level")
    return with_sdai(
        cdai, tjc="tjc", sjc="sjc", ptga="ptga", phga="phga", crp="crp", score="SDAI", category="_level"
    )


def _with_responses(frame: pl.DataFrame) -> pl.DataFrame:
    """Against the baseline of Day 1, where no component is ever missing."""
    baseline = frame.filter(pl.col("place") == c.BASELINE_PLACE).select(
        "person", *(pl.col(name).alias(f"base_{name}") for name in JUDGED)
    )
    joined = frame.join(baseline, on="person", how="left", maintain_order="left")
    return answered(joined, pl.col("place") > c.BASELINE_PLACE)


def answered(frame: pl.DataFrame, after: pl.Expr) -> pl.DataFrame:
    """``frame`` (values of JUDGED and their ``base_``) plus the responses as the form shows them, U if open; null where
    ``after`` (later than the baseline) is false."""
    pairs = {name: (f"base_{name}", name) for name in _COMPONENTS}
    counts = [pairs.pop("tjc"), pairs.pop("sjc")]
    with_response = with_acr(frame, counts=counts, others=list(pairs.values())).with_columns(
        EULCRP=eular_response(pl.col("base_DAS28CRP"), pl.col("DAS28CRP")).replace_strict(_EULAR),
        EULESR=eular_response(pl.col("base_DAS28ESR"), pl.col("DAS28ESR")).replace_strict(_EULAR),
    )
    return with_response.with_columns(
        pl.when(after).then(pl.col(name).fill_null(_UNDETERMINED)).alias(name)
        for name in ("ACR20", "ACR50", "ACR70", "EULCRP", "EULESR")
    )
