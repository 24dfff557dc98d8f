"""The graph of a study's build, made from its contracts and specification alone: the same for every delivery."""

from __future__ import annotations

from pipeline.flow.accounting import accounting_step
from pipeline.flow.check_steps import CHECKS, checks_step
from pipeline.flow.context import StudyParts
from pipeline.flow.delivery_steps import EXPECTED, deliveries_step
from pipeline.flow.score_steps import look_steps, looks, needs_of_scores, score_steps
from pipeline.flow.steps import Step, contract_step, dataset_step, derived_step, last_dates_step, raw_step
from pipeline.specs.models import Dataset
from pipeline.specs.reference_models import Moment

_LAST = "DM"  # holds the last date of all other records


def plan(parts: StudyParts) -> list[Step]:
    """Every step of a blinded build, each after those that it needs."""
    sources, spec = list(parts.layouts), parts.spec
    reference = spec.study.reference
    ordered = sorted(sources, key=lambda source: (source != reference.sites, sources.index(source)))
    steps = [step for source in ordered for step in _source_steps(source, reference.sites)]
    visit_sources = [each.source for each in reference.visit_dates]
    lab = spec.study.laboratory
    people = _contracts(reference.roster, *(moment.source for moment in _moments(parts)))
    steps += [
        derived_step("subjects", people),
        derived_step("visits", ("derived.subjects", *_contracts(*visit_sources, lab.source, lab.form))),
        derived_step("elements", ("derived.subjects", "derived.visits")),
    ]
    steps += _dataset_steps(parts)
    if parts.checks:
        steps.append(checks_step(parts))
    return [*steps, deliveries_step(parts), _accounting(parts, sources)]


def _source_steps(source: str, sites: str) -> list[Step]:
    return [raw_step(source), contract_step(source, None if source == sites else sites)]


def _moments(parts: StudyParts) -> list[Moment]:
    reference = parts.spec.study.reference
    return [
        reference.consent,
        reference.assignment,
        reference.exposure_start,
        reference.exposure_end,
        reference.end_of_participation,
        reference.last_contact,
        reference.death,
        reference.rescue,
    ]


def _contracts(*sources: str) -> tuple[str, ...]:
    return tuple(f"contract.{source}" for source in dict.fromkeys(sources))


def _dataset_steps(parts: StudyParts) -> list[Step]:
    """Datasets from sources first, then what is derived from finished datasets; looks at finished ones come last."""
    spec, study = parts.spec, parts.spec.study
    own = [d for d in spec.datasets.values() if not d.derived_from and d.dataset != _LAST]
    supplements = [d for d in spec.datasets.values() if d.derived_from]
    scored = [d for d in own if study.scores is not None and d.dataset == study.scores.dataset]
    steps = [_dataset_step(parts, dataset) for dataset in own if dataset not in scored]
    steps += score_steps(study)
    steps += [_dataset_step(parts, dataset, *needs_of_scores(study, dataset.dataset)) for dataset in scored]
    names = [dataset.dataset for dataset in own if "USUBJID" in dataset.variables]
    steps.append(last_dates_step(names, tuple(f"sdtm.{name}" for name in names)))
    if _LAST in spec.datasets:
        steps.append(_dataset_step(parts, spec.dataset(_LAST), "derived.last_dates"))
    return [*steps, *(_dataset_step(parts, dataset) for dataset in supplements), *look_steps(study)]


def _dataset_step(parts: StudyParts, dataset: Dataset, *more: str) -> Step:
    lab = parts.spec.study.laboratory
    extra = (lab.form,) if lab.source in dataset.sources else ()
    parents = tuple(f"sdtm.{name}" for name in dataset.derived_from)
    derived = () if dataset.table else ("derived.subjects", "derived.visits", "derived.elements")
    needs = (*_contracts(*dataset.sources, *extra), *derived, *parents, *more)
    return dataset_step(dataset.dataset, dataset.label, needs)


def _accounting(parts: StudyParts, sources: list[str]) -> Step:
    datasets, looked = list(parts.spec.datasets), looks(parts.spec.study)
    looked += [CHECKS] if parts.checks else []
    looked += [EXPECTED]
    needs = (
        *_contracts(*sources),
        *(f"sdtm.{name}" for name in datasets),
        *(f"qc.{name}" for name in looked),
    )
    return accounting_step(sources, datasets, needs, looked)
