"""The steps of the scores: from finished components to indices and responses, and what the forms show beside them."""

from __future__ import annotations

import polars as pl

from pipeline.domains.build import DERIVED, LOOKS
from pipeline.flow.context import Context
from pipeline.flow.steps import Outcome, Step, severities
from pipeline.specs.models import Study

_GROUP = "scores"
_LABELS = {
    "haq_di": "Disability index (HAQ-DI) of every visit",
    "components": "Components of the scores at every visit",
    "scores": "Activity indices of every visit",
    "response": "Responses against the baseline",
}
_LOOKED_AT = {
    "rs_recalc": "Indices and responses against their recalculation",
    "egfr": "Filtration rates by both formulas",
}


def score_steps(study: Study) -> list[Step]:
    """The derived tables of the scores, each after what it is made of; none for a study without scores."""
    roles = study.scores
    if roles is None:
        return []
    measured = [roles.patient_global, roles.physician_global, roles.pain, roles.crp, roles.esr]
    parts = dict.fromkeys(
        [roles.joints.dataset, roles.disability.dataset, *(each.dataset for each in measured)]
    )
    needs = {
        "haq_di": (f"sdtm.{roles.disability.dataset}", "derived.subjects"),
        "components": (
            *(f"sdtm.{name}" for name in parts),
            "derived.subjects",
            "derived.visits",
            "derived.haq_di",
        ),
        "scores": ("derived.components",),
        "response": ("derived.subjects", "derived.components", "derived.scores"),
    }
    return [_score_step(name, each) for name, each in needs.items()]


def look_steps(study: Study) -> list[Step]:
    """What people look at after the datasets are finished; each leaves a table and findings in ``qc``."""
    steps = []
    if study.scores is not None:
        needs = (f"sdtm.{study.scores.dataset}", "derived.components", "derived.scores", "derived.response")
        steps.append(_look_step("rs_recalc", (*needs, "derived.subjects", "derived.visits")))
    if study.filtration is not None:
        steps.append(_look_step("egfr", (f"sdtm.{study.filtration.dataset}", "derived.subjects")))
    return steps


def needs_of_scores(study: Study, dataset: str) -> tuple[str, ...]:
    """What the dataset with indices needs beside its forms; nothing for any other."""
    if study.scores is None or dataset != study.scores.dataset:
        return ()
    return ("derived.components", "derived.scores", "derived.response")


def looks(study: Study) -> list[str]:
    """Names of the tables that ``look_steps`` leave in ``qc``."""
    return [step.name.partition(".")[2] for step in look_steps(study)]


def _score_step(name: str, needs: tuple[str, ...]) -> Step:
    def run(context: Context) -> Outcome:
        frame: pl.DataFrame = DERIVED[name](context.inputs)
        context.store.write("derived", name, frame)
        return Outcome(frame.height, "derived", name)

    return Step(f"derived.{name}", _GROUP, _LABELS[name], needs, run)


def _look_step(name: str, needs: tuple[str, ...]) -> Step:
    def run(context: Context) -> Outcome:
        looked = LOOKS[name](context.inputs)
        context.store.write("qc", name, looked.table)
        context.store.write("qc", f"findings_{name}", looked.findings)
        return Outcome(looked.table.height, "qc", name, {}, severities(looked.findings))

    return Step(f"qc.{name}", "checks", _LOOKED_AT[name], needs, run)
