"""The study whose blind is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.blinding.leak_rules import LeakRules, leak_rules
from pipeline.specs.blinding import Blinding
from pipeline.specs.load import StudySpec, load_study

SPECS = Path(__file__).resolve().parents[3] / "sdtm_specs"


@pytest.fixture(scope="session")
def spec() -> StudySpec:
    return load_study(SPECS, "bxu001_ra")


@pytest.fixture(scope="session")
def blinding(spec: StudySpec) -> Blinding:
    assert spec.blinding is not None
    return spec.blinding


@pytest.fixture(scope="session")
def rules(spec: StudySpec) -> LeakRules:
    return leak_rules(spec)
