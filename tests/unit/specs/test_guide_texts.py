"""The guide's texts fit the study: every dataset and question has words, and no words are left over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.errors import SpecError
from pipeline.settings import CHECKOUT
from pipeline.specs.guide import Guide, guide_problems
from pipeline.specs.load import StudySpec, load_study
from tests.unit.domains.trial import copied

SPECS = CHECKOUT / "sdtm_specs"


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return load_study(SPECS, "bxu001_ra")


def words(spec: StudySpec) -> dict[str, Any]:
    assert spec.guide is not None
    return spec.guide.model_dump()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda guide: guide["datasets"].pop("IE"), "says nothing about dataset IE"),
        (
            lambda guide: guide["datasets"].update(PE={"use": "other", "note": "x"}),
            "describes PE, which is no dataset",
        ),
        (
            lambda guide: guide["datasets"]["LB"].update(count_by="LBGROUP"),
            "counts by LBGROUP, which it does not have",
        ),
        (lambda guide: guide["questions"].pop("Q39"), "does not word question Q39"),
        (lambda guide: guide["questions"].update(Q40="Why?"), "words question Q40, which no setting has"),
    ],
)
def test_what_does_not_fit_the_study_is_told(
    spec: StudySpec, spoil: Callable[[dict[str, Any]], Any], told: str
) -> None:
    changed = words(spec)
    spoil(changed)
    found = list(guide_problems(Guide.model_validate(changed), spec.datasets, spec.study.settings))
    assert len(found) == 1
    assert told in found[0][1]


def test_the_texts_of_the_study_fit_it(spec: StudySpec) -> None:
    guide = Guide.model_validate(words(spec))
    assert list(guide_problems(guide, spec.datasets, spec.study.settings)) == []


def test_a_use_that_the_template_does_not_know_is_refused(spec: StudySpec) -> None:
    changed = words(spec)
    changed["datasets"]["TA"]["use"] = "nothing"
    with pytest.raises(ValidationError, match="efficacy"):
        Guide.model_validate(changed)


def test_a_study_with_a_wrong_text_is_not_loaded_and_one_without_any_is(tmp_path: Any) -> None:
    folder = copied(tmp_path, "copied")
    path = folder / "guide.yaml"
    path.write_text(path.read_text().replace("  IE:\n", "  PE:\n", 1))
    load_study.cache_clear()
    with pytest.raises(SpecError, match=r"guide\.yaml: says nothing about dataset IE; add it under datasets"):
        load_study(folder.parent, "copied")
    path.unlink()
    assert load_study(folder.parent, "copied").guide is None


def test_an_unblinded_build_has_texts_of_its_own(spec: StudySpec) -> None:
    blinded, unblinded = spec.guide, load_study(SPECS, "bxu001_ra", "unblinded").guide
    assert blinded is not None
    assert unblinded is not None
    assert blinded.masking != unblinded.masking
    changed = {name for name, note in unblinded.datasets.items() if note != blinded.datasets[name]}
    assert changed == {"DM", "SE", "EX"}
