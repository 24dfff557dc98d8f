"""Methods and value levels of a study: formulas that are Python, names that are there."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.settings import CHECKOUT
from pipeline.specs.load import load_study
from pipeline.specs.metadata import Method, ValueLevel, for_dataset
from pipeline.specs.places import place_problems


def datasets(**changes: object) -> dict[str, object]:
    found = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra").dataset("LB")
    return {"LB": found.model_copy(update=changes)}


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ("def AGE(:", "line 1 of the formula is not Python"),
        ("AGE = 1", "a formula ends with a function"),
        ("", "a formula ends with a function"),
    ],
)
def test_a_formula_that_nobody_can_run_is_refused(python: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Method(of=("DM.AGE",), name="Age", python=python)


def test_a_formula_speaks_of_its_dataset() -> None:
    text = "def --DY(--DTC): return 1 - -1"
    assert for_dataset(text, "LB") == "def LBDY(LBDTC): return 1 - -1"
    assert for_dataset("--SEQ", "SUPPAE") == "AESEQ"


@pytest.mark.parametrize(
    ("of", "dataset", "place", "covered"),
    [
        ("--DY", "LB", "LB.LBDY", True),
        ("EPOCH", "LB", "LB.EPOCH", True),
        ("LB.LBDY", "LB", "LB.LBDY", True),
        ("LB.LBDY", "LB", "LB.LBDY.ALT", False),
        ("--DY", "SUPPLB", "SUPPLB.QVAL", False),
        ("DM.AGE", "LB", "LB.AGE", False),
    ],
)
def test_a_method_is_of_the_places_that_it_names(of: str, dataset: str, place: str, covered: bool) -> None:
    assert Method(of=(of,), name="any").covers(place, dataset) is covered


@pytest.mark.parametrize("named", ["LB.LBDAY", "--DAY", "XX.LBDY", "EPOCHS"])
def test_a_method_of_nothing_is_named(named: str) -> None:
    told = list(place_problems(datasets(values=()), [Method(of=(named,), name="any")]))
    assert told == [("methods.yaml", f"{named} is not a variable of the study")]


@pytest.mark.parametrize("named", ["LB.LBDY", "--DY", "EPOCH", "LB.LBSTRESC.GFRE.Y"])
def test_a_method_of_a_variable_or_of_one_of_its_values_is_fine(named: str) -> None:
    assert not list(place_problems(datasets(values=()), [Method(of=(named,), name="any")]))


def test_an_exception_names_variables_of_its_dataset() -> None:
    wrong = ValueLevel(variables=("LBDTC", "LBDAY"), where={"LBLAB": ("LOCAL",)}, origin="Assigned")
    told = list(place_problems(datasets(values=(wrong,)), []))
    assert told == [
        ("lb.yaml", "values: LBDAY is not a variable of the dataset"),
        ("lb.yaml", "values: LBLAB is not a variable of the dataset"),
    ]
