"""Options and fixtures that several test folders share: one simulated night, built once for all workers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published

SUBJECTS, SEED, AS_OF = 2, 14, date(2027, 2, 20)  # two randomized subjects up to Week 8, a screen failure

DEFECTS = (
    "partial_date",
    "impossible_date",
    "unit_spelling",
    "censored_result",
    "duplicate_lab",
    "revised_lab",
    "unknown_subject",
    "unmapped_visit",
    "unknown_code",
)


HERE = Path(__file__).parent
LONG_FOLDERS = ("pipeline", "property", "golden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files with what the pipeline makes now",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A file goes to one worker whole, because its tests share what its fixtures have built."""
    if config.getoption("dist", "no") == "load":
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders with whole nights come first, so that no worker is left alone with one at the end."""
    last = len(LONG_FOLDERS)
    places = {name: place for place, name in enumerate(LONG_FOLDERS)}
    items.sort(key=lambda item: places.get(item.path.relative_to(HERE).parts[0], last))


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to need it fills, and that all workers read."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir()
            make(folder)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated delivery with several kinds of defects; not to be changed."""

    def make(folder: Path) -> None:
        simulate_delivery(
            Settings(home=folder),
            folder / "night",
            None,
            subjects=SUBJECTS,
            seed=SEED,
            as_of=AS_OF,
            defects=DEFECTS,
        )

    return once(tmp_path_factory, "delivered", make) / "night"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, delivered: Path) -> Path:
    """A pipeline's home in which that delivery has landed and was built; not to be changed: copy it."""

    def make(folder: Path) -> None:
        settings = Settings(home=folder)
        load_delivery(settings, delivered)
        run_build(settings)

    return once(tmp_path_factory, "home", make)


@pytest.fixture(scope="session")
def night(home: Path) -> Build:
    """The published build of that home."""
    settings = Settings(home=home)
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    return build
