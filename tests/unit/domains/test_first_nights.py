"""The first nights of a study: nearly every form is still empty, and every dataset must build all the same."""

from __future__ import annotations

import pytest

from tests.unit.domains.trial import Trial, spec, subject


@pytest.fixture(scope="module")
def first_night() -> Trial:
    """One subject who has just given consent; nothing else has been delivered."""
    return Trial(subject(infused=None, randomized=False))


@pytest.mark.parametrize("dataset", list(spec().datasets))
def test_a_dataset_builds_from_empty_forms_with_its_variables_in_order(
    first_night: Trial, dataset: str
) -> None:
    built = first_night.built(dataset)
    names = [name for name in built.records.columns if not name.startswith("_q.")]
    assert names == [name for name, _, _ in spec().ordered(dataset)]
    assert built.set_aside.is_empty()
    assert built.findings.is_empty()


def test_only_what_is_known_has_records(first_night: Trial) -> None:
    filled = {name for name in spec().datasets if first_night.built(name).records.height}
    assert filled == {"TA", "TE", "TI", "TS", "TV", "DM", "SE", "SV", "DS"}
