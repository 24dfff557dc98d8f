"""A study's folder is read whole, or refused with the file and the place that are wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import SpecError
from pipeline.settings import CHECKOUT
from pipeline.specs.load import load_study
from tests.unit.domains.trial import copied

STUDY = "copied"


def loaded(specs: Path) -> None:
    load_study.cache_clear()
    load_study(specs, STUDY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the study's specification that a test may spoil."""
    return copied(tmp_path, STUDY)


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_study_loads_with_its_datasets_in_the_order_of_the_study_file() -> None:
    spec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")
    assert tuple(spec.datasets) == spec.study.datasets
    assert all(dtype == pl.String for table in spec.tables.values() for dtype in table.dtypes)


def test_variables_come_in_the_order_of_the_standard() -> None:
    spec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")
    for name in spec.datasets:
        orders = [facts.order for _, _, facts in spec.ordered(name)]
        assert orders == sorted(orders)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("study.yaml", "sponsor: ", "sponsors: ", r"study\.yaml: sponsor: Field required"),
        ("domains/ae.yaml", "keys: [STUDYID", "keys: [STUDY", r"ae\.yaml: key STUDY is not a variable"),
        ("domains/lb.yaml", "baseline_keys: [LBCAT", "baseline_keys: [LBGRP", r"lb\.yaml: baseline key LBGRP"),
        ("domains/dm.yaml", "label: ", "split: {A: B}\nlabel: ", r"dm\.yaml: split needs DMCAT is not a variable"),
        ("domains/lb.yaml", "COAGULATION: CO", "COAGULATION: CH", r"lb\.yaml: .*two parts CH; give each"),
        ("domains/lb.yaml", "CHEMISTRY: CH", "CHEMISTRY: CHE", r"lb\.yaml: split\.CHEMISTRY: String should match"),
        ("domains/ae.yaml", "dataset: AE", "dataset: MH", r"ae\.yaml: describes MH"),
        ("domains/ae.yaml", "  AETERM: {", "  AEWORDS: {", r"AE\.AEWORDS: is not a variable of SDTMIG; check the name"),
        ("domains/ae.yaml", "map: AEOUT", "map: AEOUTCOME", r"ae\.yaml: map AEOUTCOME is not in codemaps\.csv"),
        ("domains/ae.yaml", "map: SPECIAL_INTEREST", "map: NOTHING", r"ae\.yaml: map NOTHING is not in codemaps\.csv"),
        ("domains/ae.yaml", "{take: AETERM, ", "{take: AETERM, code: X, map: AEOUT, ", r"ae\.yaml: .*AETERM: .*give"),
        ("domains/ae.yaml", "of: ongoing, ", "of: going, ", r"ae\.yaml: of: going is not in uses, nor a variable of"),
        ("domains/ds.yaml", "DSTERM: {const: RANDOM", "DSTREM: {const: RANDOM", r"ds\.yaml: .*edc_rand\.set: DSTREM"),
        ("domains/lb.yaml", "where: {LBNAM: LOCAL}", "where: {LBLAB: LOCAL}", r"lb\.yaml: values: LBLAB is not"),
        ("methods.yaml", "of: [DM.AGE]", "of: [DM.YEARS]", r"methods\.yaml: DM\.YEARS is not a variable"),
        ("domains/ie.yaml", "lookup: criteria", "lookup: criterion", r"copied: has no table criterion; add it"),
        ("domains/qs.yaml", "items: qs_items", "items: questions", r"copied: has no table questions"),
        ("domains/ae.yaml", "label: Adverse Events", "label: a\nlabel: b", r"ae\.yaml:3: key 'label' repeats"),
        ("tables/codemaps.csv", "ETHNIC,H,", "ETHNIC,H,too,many,", r"codemaps\.csv: is not a table"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_file_and_place(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    spoil(folder / file, old, new)
    with pytest.raises(SpecError, match=told) as error:
        loaded(folder.parent)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_a_cell_that_stands_for_an_empty_setting_is_blank() -> None:
    table = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra").table("ts")
    assert not table.select(pl.any_horizontal((pl.all() == "").any())).item()


def test_an_empty_file_is_refused_by_name(folder: Path) -> None:
    (folder / "domains" / "ae.yaml").write_text("")
    with pytest.raises(SpecError, match=r"^ae\.yaml: "):
        loaded(folder.parent)


def test_a_missing_dataset_file_and_a_missing_study_are_named(folder: Path) -> None:
    (folder / "domains" / "ae.yaml").unlink()
    with pytest.raises(SpecError, match=r"ae\.yaml: file is missing"):
        loaded(folder.parent)
    with pytest.raises(SpecError, match=r"is not a study folder \(no study\.yaml\); check SDTM_STUDY"):
        load_study(folder.parent, "another")


def test_a_name_that_the_study_does_not_have_is_told_with_those_it_has() -> None:
    spec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")
    with pytest.raises(SpecError, match=r"has no dataset XX; it has TA, TE"):
        spec.dataset("XX")
    with pytest.raises(SpecError, match=r"codemaps\.csv: has no map NOTHING; add its codes and terms"):
        spec.codemap("NOTHING")
    with pytest.raises(SpecError, match=r"has no table nothing"):
        spec.table("nothing")
