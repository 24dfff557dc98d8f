"""What the key adds: arms, treatment, dose, lot and the real element."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import pytest

from pipeline.domains.records import Inputs
from pipeline.domains.unblinded import Unblinded
from pipeline.errors import BuildFailed
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec, load_study
from tests.unit.domains.trial import ONE, STUDY, TWO, Row, Rows, Trial, infusion, subject

ACTIVE = "BX-U001 0.75 x 10^6 cells/kg"


@cache
def unblinded_spec() -> StudySpec:
    return load_study(CHECKOUT / "sdtm_specs", STUDY, "unblinded")


class UnblindedTrial(Trial):
    """A small trial whose key may be read."""

    def __init__(self, *parts: Rows) -> None:
        super().__init__(*parts, spec_=unblinded_spec())

    @cached_property
    def inputs(self) -> Inputs:
        blinding = self.spec.blinding
        assert blinding is not None
        return replace(Trial.inputs.func(self), unblinded=Unblinded(blinding))


def treated(
    number: str = ONE,
    arm: str = "BXU075",
    *,
    cohort: str = "1",
    bag: str = "B0001",
    released: Row | None = None,
    infusions: list[Row] | None = None,
    **dose: Any,
) -> Rows:
    """A subject with key and released bag; ``released`` changes the bag, ``dose`` the infusion."""
    rows = subject(number)
    rows["rtsm_assign"][0] |= {"COHORT": cohort, "BAGNO": bag}
    given = {"SUBJID": number, "ECBAGNO": bag, "ECWT": "70.0", "ECVOLPRP": "100", "ECVOL": "100", **dose}
    rows["edc_ec"] = [infusion("01-FEB-2027", **{**given, **each}) for each in infusions or [{}]]
    product = {"PBO": "PLACEBO"}.get(arm, "BX-U001")
    cells, lot, viability = ("0", "P0001", None) if arm == "PBO" else ("52.5", "U0001", "93.0")
    bag_row = {"BAGNO": bag, "LOTNO": lot, "PRODUCT": product, "CELLS_1E6": cells, "VIABILITY_PCT": viability}
    return {
        **rows,
        "rtsm_unblinding_key": [{"SUBJID": number, "RANDNO": "1001", "ARMCD": arm}],
        "rtsm_product_release": [] if released == {} else [{**bag_row, **(released or {})}],
    }


EX = ("EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRM", "EXLOT", "_q.EXCELLS", "_q.EXVIAB")


def test_an_active_subject_has_arm_treatment_dose_and_element() -> None:
    trial = UnblindedTrial(treated())
    assert trial.records("DM", "ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS") == [
        ("BXU075", ACTIVE, "BXU075", ACTIVE, None)
    ]
    assert trial.records("DM", "_q.RANDNO") == [("1001",)]
    assert trial.records("EX", *EX) == [
        ("BX-U001", 0.75, "10^6/kg", "INJECTION, SUSPENSION", "U0001", "52.5", "93.0")
    ]
    assert trial.records("SE", "ETCD", "ELEMENT")[:2] == [("SCRN", "Screening"), ("BX075", ACTIVE)]
    assert trial.rules("EX") == trial.rules("DM") == []


def test_a_placebo_subject_has_dose_zero_whatever_the_volumes_say() -> None:
    for volumes in ({}, {"ECVOL": None}, {"ECWT": None}):
        trial = UnblindedTrial(treated(arm="PBO", **volumes))
        assert trial.records("EX", *EX) == [
            ("PLACEBO", 0.0, "10^6/kg", "INJECTION, SOLUTION", "P0001", "0", None)
        ]
        assert trial.records("SE", "ETCD", "ELEMENT")[1] == ("PBO", "Placebo")
        assert trial.rules("EX") == []


@pytest.mark.parametrize(
    ("cohort", "weight", "prepared", "infused", "dose", "total"),
    [
        ("1", "70.0", "100", "100", 0.75, "52.5"),
        ("1", "58.4", "100", "100", 0.75, "43.8"),
        ("2", "82.5", "100", "100", 1.5, "123.75"),
        ("2", "64.0", "100", "80", 1.2, "76.8"),
        ("1", "101.2", "100", "95", 0.7125, "72.105"),
        ("2", "49.7", "100", "100", 1.5, "74.55"),
    ],
)
def test_the_dose_oracles_of_the_design(
    cohort: str, weight: str, prepared: str, infused: str, dose: float, total: str
) -> None:
    arm = {"1": "BXU075", "2": "BXU150"}[cohort]
    volumes = {"ECWT": weight, "ECVOLPRP": prepared, "ECVOL": infused}
    trial = UnblindedTrial(treated(arm=arm, cohort=cohort, **volumes))
    assert trial.records("EX", "EXDOSE", "_q.EXCELLS") == [(dose, total)]


def test_the_volumes_of_an_interrupted_infusion_are_added_exactly() -> None:
    parts = [{"ECVOL": "33.1"}, {"ECVOL": "40.2", "ECSTTIM": "10:30"}, {"ECVOL": "6.7", "ECSTTIM": "11:30"}]
    trial = UnblindedTrial(treated(arm="BXU150", cohort="2", released={"CELLS_1E6": "105"}, infusions=parts))
    assert trial.records("EX", "EXDOSE", "_q.EXCELLS") == [(1.2, "84")]
    assert trial.built("EX").links.filter(source="edc_ec").height == 3
    assert trial.built("EX").links.filter(source="rtsm_product_release").height == 1


@pytest.mark.parametrize(
    "parts",
    [
        [{"ECVOL": None}],
        [{"ECVOLPRP": "90"}],
        [{"ECVOL": "50"}, {"ECVOL": None, "ECSTTIM": "10:30"}],
        [{"ECVOL": "50"}, {"ECVOL": "50", "ECVOLPRP": "110", "ECSTTIM": "10:30"}],
    ],
)
def test_a_dose_that_cannot_be_known_is_null(parts: list[Row]) -> None:
    trial = UnblindedTrial(treated(infusions=parts))
    assert trial.records("EX", "EXTRT", "EXDOSE", "_q.EXCELLS") == [("BX-U001", None, None)]


def test_a_dose_per_kg_does_not_need_the_weight_but_the_cells_do() -> None:
    trial = UnblindedTrial(treated(ECWT=None))
    assert trial.records("EX", "EXDOSE", "_q.EXCELLS") == [(0.75, None)]


def test_another_product_than_planned_is_the_actual_arm() -> None:
    trial = UnblindedTrial(
        treated(arm="PBO", released={"PRODUCT": "BX-U001", "CELLS_1E6": "52.5", "LOTNO": "U0001"})
    )
    assert trial.records("DM", "ARMCD", "ACTARMCD") == [("PBO", "BXU075")]
    assert trial.records("EX", "EXTRT", "EXDOSE") == [("BX-U001", 0.75)]
    assert trial.records("SE", "ETCD")[1] == ("BX075",)


def test_a_bag_that_was_not_released_is_as_planned() -> None:
    trial = UnblindedTrial(treated(arm="BXU150", cohort="2", released={}))
    assert trial.records("DM", "ACTARMCD") == [("BXU150",)]
    assert trial.records("EX", "EXTRT", "EXDOSE", "EXLOT") == [("BX-U001", 1.5, None)]


def test_what_nobody_planned_stops_the_build() -> None:
    foreign = UnblindedTrial(treated(released={"PRODUCT": "SOMETHING ELSE"}))
    with pytest.raises(BuildFailed, match="1 subjects received what no arm of their cohort has"):
        foreign.built("DM")
    both = treated(infusions=[{}, {"ECBAGNO": "B0002"}])
    both["rtsm_product_release"].append(
        {"BAGNO": "B0002", "LOTNO": "P1", "PRODUCT": "PLACEBO", "CELLS_1E6": "0"}
    )
    with pytest.raises(BuildFailed, match="1 subjects received two products"):
        UnblindedTrial(both).built("DM")


def test_a_randomized_subject_without_infusion_has_a_planned_arm_only() -> None:
    rows = treated()
    rows["edc_ec"] = []
    trial = UnblindedTrial(rows)
    columns = ("ARMCD", "ACTARMCD", "ACTARM", "ARMNRS")
    assert trial.records("DM", *columns) == [("BXU075", None, None, "ASSIGNED, NOT TREATED")]
    assert trial.records("SE", "ETCD") == [("SCRN",)]


def test_the_same_rows_without_the_key_show_the_mask_only() -> None:
    rows = {
        name: each
        for name, each in treated().items()
        if name not in ("rtsm_unblinding_key", "rtsm_product_release")
    }
    masked, known = Trial(rows), UnblindedTrial(treated(), treated(TWO, "PBO", bag="B0002"))
    assert masked.records("DM", "ARMCD", "ACTARM") == [("MASKED", "Masked")]
    assert masked.records("EX", "EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRM") == [
        ("MASKED", None, None, "INJECTION")
    ]
    assert masked.records("SE", "ETCD")[1] == ("MASKED",)
    assert masked.built("EC").records.equals(known.built("EC").records.head(1))


def cohort(bags: dict[int, str], **control: Any) -> list[Rows]:
    """Eight subjects of cohort 1; ``bags`` gives the arm by bag number."""
    return [
        treated(f"101-{n:03}", arm, bag=f"B{n:04}", **(control if arm == "PBO" else {}))
        for n, arm in bags.items()
    ]


def patterns(trial: UnblindedTrial) -> dict[str, tuple[str, str]]:
    found = trial.built("EX").findings
    rows = found.filter(found["rule"].str.starts_with("BX-BL")).select("message", "rule", "severity").rows()
    return {message: (rule, severity) for message, rule, severity in rows}


EIGHT = {n: "PBO" if n in (1, 2) else "BXU075" for n in range(1, 9)}


def test_bags_volumes_and_times_that_do_not_tell_are_reported_with_their_p() -> None:
    mixed = {n: "PBO" if n in (4, 5) else "BXU075" for n in range(1, 9)}
    assert patterns(UnblindedTrial(*cohort(mixed))) == {
        "the order of bag numbers does not tell the control from the others (exact p 1.0000)": (
            "BX-BL-04",
            "INFO",
        ),
        "the parity of bag numbers does not tell the control from the others (exact p 1.0000)": (
            "BX-BL-04",
            "INFO",
        ),
        "the volume prepared per kg does not tell the control from the others (exact p 1.0000)": (
            "BX-BL-05",
            "INFO",
        ),
    }


def test_a_person_infused_in_two_intervals_counts_once() -> None:
    last = {"SUBJID": "101-008", "ECBAGNO": "B0008", "ECWT": "70.0", "ECVOLPRP": "100", "ECVOL": "100"}
    resumed = {"edc_ec": [infusion("01-FEB-2027", "10:30", "10:45", **last)]}
    assert patterns(UnblindedTrial(*cohort(EIGHT), resumed)) == patterns(UnblindedTrial(*cohort(EIGHT)))


def test_a_volume_that_tells_the_control_in_both_cohorts_is_a_warning() -> None:
    two = [treated(f"201-{n:03}", "PBO" if n in (1, 2) else "BXU150", cohort="2", bag=f"B{10 + n:04}",
                   **({"ECVOLPRP": "90", "ECVOL": "90"} if n in (1, 2) else {})) for n in range(1, 9)]  # fmt: skip
    found = patterns(UnblindedTrial(*cohort(EIGHT, ECVOLPRP="90", ECVOL="90"), *two))
    telling = "tells the control from the others (exact p 0.0013)"
    assert found[f"the volume prepared per kg {telling}"] == ("BX-BL-05", "WARN")
