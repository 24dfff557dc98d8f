"""Arms, products and overlays of a blinded study: what the specification refuses, and what the overlay changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SpecError
from pipeline.settings import CHECKOUT
from pipeline.specs.blinding import Blinding, contradictions
from pipeline.specs.load import StudySpec, load_study

SPECS, STUDY = CHECKOUT / "sdtm_specs", "bxu001_ra"


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return load_study(SPECS, STUDY)


def changed(spec: StudySpec, **parts: object) -> list[str]:
    assert spec.blinding is not None
    content = spec.blinding.model_dump() | parts
    return list(contradictions(Blinding.model_validate(content), spec.tables))


def arms(spec: StudySpec, **parts: object) -> list[dict[str, object]]:
    assert spec.blinding is not None
    first, *rest = (arm.model_dump() for arm in spec.blinding.arms)
    return [{**first, **parts}, *rest]


def test_the_study_contradicts_nothing(spec: StudySpec) -> None:
    assert changed(spec) == []


def test_arms_must_be_those_of_the_trial_design(spec: StudySpec) -> None:
    assert "its arms are not those of the trial arms table" in changed(spec, arms=arms(spec, code="BXU999"))
    assert changed(spec, arms=arms(spec, element="PBO")) == [
        "element PBO is not in arm BXU075 of the trial arms table"
    ]
    assert changed(spec, trial_arms="none") == ["table none is missing"]


def test_products_and_cohorts_must_be_declared_and_distinct(spec: StudySpec) -> None:
    assert changed(spec, arms=arms(spec, product="X")) == ["product X of arm BXU075 is not declared"]
    assert changed(spec, arms=arms(spec, cohorts=["3"])) == ["cohort 3 of arm BXU075 has no size"]
    assert changed(spec, arms=arms(spec, cohorts=["1", "2"])) == [
        "two arms have the same product in the same cohort"
    ]


def test_the_overlay_replaces_variables_and_adds_what_is_new(spec: StudySpec) -> None:
    unblinded = load_study(SPECS, STUDY, "unblinded")
    assert set(unblinded.datasets) - set(spec.datasets) == {"SUPPEX"}
    assert set(unblinded.dataset("EX").variables) - set(spec.dataset("EX").variables) == {"EXLOT"}
    assert (
        spec.dataset("EX").variables["EXTRT"].const,
        unblinded.dataset("EX").variables["EXTRT"].const,
    ) == ("MASKED", None)
    assert set(unblinded.dataset("DM").supplements) - set(spec.dataset("DM").supplements) == {"RANDNO"}
    assert unblinded.dataset("EC") == spec.dataset("EC")
    assert {each.source for each in unblinded.study.not_submitted} > {
        each.source for each in spec.study.not_submitted
    }


def test_the_blinded_specification_names_no_restricted_source(spec: StudySpec) -> None:
    named = {source for dataset in spec.datasets.values() for source in dataset.sources}
    named |= {each.source for each in spec.study.not_submitted}
    assert spec.blinding is not None
    hidden = {part.source for part in (spec.blinding.key, spec.blinding.release, spec.blinding.schedule)}
    assert not named & hidden


def test_a_contradiction_stops_loading(tmp_path: Path) -> None:
    folder = tmp_path / STUDY
    for path in sorted((SPECS / STUDY).rglob("*.*")):
        target = folder / path.relative_to(SPECS / STUDY)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (tmp_path / "standard").symlink_to(SPECS / "standard")
    blinding = folder / "blinding.yaml"
    blinding.write_text(blinding.read_text().replace("code: PBO,", "code: CONTROL,"))
    with pytest.raises(SpecError, match=r"blinding\.yaml: its arms are not those"):
        load_study(tmp_path, STUDY)
