from __future__ import annotations

import pytest

from tests.unit.simulate.nights import Night, night


@pytest.fixture(scope="session", params=[1, 2, 3])
def clean(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Sixteen subjects, the last night, no defects; three seeds."""
    return night(tmp_path_factory.mktemp(f"clean{request.param}"), seed=request.param)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The same trial with every kind of defect."""
    return night(tmp_path_factory.mktemp("dirty"), seed=1, defects="all")
