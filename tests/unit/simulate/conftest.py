from __future__ import annotations

import pytest

from tests.conftest import DEFECTS
from tests.unit.simulate.nights import Night, night


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Sixteen subjects, the last night, no defects."""
    return night(tmp_path_factory.mktemp("first"), seed=1)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The same from another seed."""
    return night(tmp_path_factory.mktemp("second"), seed=2)


@pytest.fixture(params=["first", "second"])
def clean(request: pytest.FixtureRequest) -> Night:
    """Each of the two clean nights."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The same trial with several kinds of defects."""
    return night(tmp_path_factory.mktemp("dirty"), seed=1, defects=",".join(DEFECTS))
