"""One small study from delivery to datasets, compared with files that a person has read.

A line starting with # names a variable with one value throughout, or none; ^ repeats the cell above.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.settings import CHECKOUT
from pipeline.specs.load import load_study
from pipeline.warehouse.builds import Build

HERE = Path(__file__).parent
STUDY = HERE / "study"
DATASETS = tuple(load_study(CHECKOUT / "sdtm_specs", "bxu001_ra").datasets)
LIMIT = 300_000  # bytes of all golden files: what a person can still look through
OPS = {"accounting": ("ops", "accounting"), "set_aside": ("ops", "set_aside"), "findings": ("qc", "findings")}


def as_text(frame: pl.DataFrame) -> str:
    """The frame as stable text: exact numbers, constants once, equal neighbours as ``^``."""
    told = frame.select(pl.all().cast(pl.String))
    constants = {name: told[name][0] for name in told.columns if frame.height and told[name].n_unique() == 1}
    head = [
        f"# {name} = {value}" if value is not None else f"# {name} is empty"
        for name, value in constants.items()
    ]
    body = told.drop(constants).fill_null("")
    same = (pl.all() == pl.all().shift(1)) & (pl.all() != "")
    body = (
        body.select(pl.when(same).then(pl.lit("^")).otherwise(pl.all()).name.keep()) if body.width else body
    )
    return "\n".join([f"# {frame.height} rows", *head, body.write_csv() if body.width else ""])


def table(build: Build, name: str) -> pl.DataFrame:
    layer, stored = OPS.get(name, ("sdtm", name.lower()))
    frame = build.read(layer, stored).collect()
    return frame.drop([column for column in frame.columns if column.startswith("_")])


@pytest.mark.parametrize("name", [*DATASETS, *OPS])
def test_the_small_study_is_built_as_it_was_read_and_accepted(
    name: str, night: Build, request: pytest.FixtureRequest
) -> None:
    path, now = STUDY / f"{name}.csv", as_text(table(night, name))
    if request.config.getoption("--update-golden"):
        STUDY.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    accepted = path.read_text(encoding="utf-8") if path.exists() else ""
    if now != accepted:
        pytest.fail(f"{difference(accepted, now)}\n{ADVICE}", pytrace=False)


ADVICE = (
    "If this is meant: run 'pytest tests/golden --update-golden', read the difference with git, commit it."
)


def difference(accepted: str, now: str) -> str:
    """The first line that differs, and how many do."""
    before, after = accepted.splitlines(), now.splitlines()
    changed = [n for n, (old, new) in enumerate(zip(before, after, strict=False), start=1) if old != new]
    first = changed[0] if changed else min(len(before), len(after)) + 1
    old, new = (lines[first - 1] if first <= len(lines) else "(no such line)" for lines in (before, after))
    return f"line {first} of {len(after)} (and {max(0, len(changed) - 1)} more):\n- {old}\n+ {new}"


def test_there_is_no_golden_file_of_a_dataset_that_is_not_built() -> None:
    assert {path.stem for path in STUDY.glob("*")} == {*DATASETS, *OPS}


def test_the_golden_files_stay_small_enough_to_be_read() -> None:
    assert sum(path.stat().st_size for path in STUDY.glob("*")) < LIMIT
