"""The facts of the reviewer's guide (cSDRG), gathered from the specification, the submitted datasets and the build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipeline.contracts.catalog import contract_models
from pipeline.contracts.facts import source_facts
from pipeline.contracts.model import layout_of
from pipeline.documents.guide.conformance_facts import Conformance
from pipeline.documents.guide.facts import GuideFacts, Source
from pipeline.emit.marking import marking
from pipeline.emit.submitted import Submitted
from pipeline.errors import BuildFailed
from pipeline.flow import guide_study as told
from pipeline.flow.context import BLINDED
from pipeline.flow.delivered import delivered_sources
from pipeline.flow.guide_annotated import unfilled
from pipeline.flow.guide_build import BuildFacts
from pipeline.flow.guide_datasets import dataset_facts
from pipeline.specs.load import StudySpec


def guide_facts(
    spec: StudySpec,
    found: Sequence[Submitted],
    *,
    absent: Sequence[str],
    cut: date,
    mode: str,
    build: BuildFacts,
    conformance: Conformance,
) -> GuideFacts:
    """What the guide of this package tells; ``found`` in the order of define.xml, ``absent`` without a record.

    Counts are those of ``found``. BuildFailed for a package to be filed whose study has no ``guide.yaml``,
    and for amendments that TI does not know.
    """
    if spec.guide is None and marking(mode) is None:
        fix = f"write sdtm_specs/{spec.name}/guide.yaml"
        raise BuildFailed("guide.yaml", "is missing, so the reviewer's guide has no words of the study", fix)
    datasets = {each.name: each for each in found}
    told.require_amendments(spec, told.criteria_versions(datasets))
    titles = source_titles(spec.name)
    masked = mode == BLINDED and spec.blinding is not None
    return GuideFacts(
        source=_source(spec, datasets, cut=cut, mode=mode, build=build),
        prose=told.prose(spec),
        standards=told.standards_used(spec, datasets),
        trial=told.trial_facts(spec, datasets),
        subjects=told.subject_facts(datasets),
        datasets=dataset_facts(spec, found, titles),
        absent=tuple((name, spec.dataset(name).label) for name in absent),
        conformance=conformance,
        fates=build.fates,
        aside=build.aside,
        left_out=build.left_out,
        unfilled=unfilled(spec, delivered_sources(contract_models(spec.name)), datasets),
        assumptions=told.assumptions(spec),
        extensions=told.extensions(spec),
        masked=told.masked_variables(spec, datasets) if masked else (),
        withheld=tuple(titles[name] for name in _restricted(spec.name)) if masked else (),
    )


def _source(
    spec: StudySpec, datasets: Mapping[str, Submitted], *, cut: date, mode: str, build: BuildFacts
) -> Source:
    study = spec.study
    return Source(
        study=study.study,
        title=study.title,
        description=study.description,
        sponsor=study.sponsor,
        mode=mode,
        masked=mode == BLINDED and spec.blinding is not None,
        cut=cut.isoformat(),
        build=build.build,
        delivery=build.delivery,
        registries=told.registries(datasets),
        criteria_versions=told.criteria_versions(datasets),
    )


def source_titles(study: str) -> dict[str, str]:
    """Source id -> what the file is called for readers, of every contract of the study."""
    return {name: str(source_facts(model)["title"]) for name, model in contract_models(study).items()}


def _restricted(study: str) -> list[str]:
    return [name for name, model in contract_models(study).items() if layout_of(model).restricted]
