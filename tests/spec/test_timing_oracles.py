"""Epochs, treatment emergence, baselines and visit numbers, in tables beside this file that a clinician can read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.test_scores_oracles import oracle
from tests.unit.domains.trial import Row, Rows, Trial, subject

AT_DAY_1 = {"SCR": "04-JAN-2027", "D1": "01-FEB-2027", "W1": "08-FEB-2027", "W14": "10-MAY-2027"}


def lines(table: str) -> list[dict[str, Any]]:
    return oracle(table).to_dicts()


def of_record(line: dict[str, Any]) -> tuple[str, Rows]:
    """The dataset and the row that a line of the table stands for."""
    day, time, says = line["date"], line["time"], line["says"]
    rows: dict[str, tuple[str, str, Row]] = {
        "AE": ("AE", "edc_ae", {"AETERM": "RASH", "AESTDAT": day, "AESTTIM": time, "AEPRE": says}),
        "VS": ("VS", "edc_vs", {"VISITOID": "D1", "VSDAT": day, "VSTIM": time, "VSTPT": says, "PULSE": "60",
                                "VSREASND": "not measured"}),
        "RAND": ("DS", "edc_rand", {"RANDYN": "Y", "RANDDAT": day, "RANDTIM": time}),
        "CM": ("CM", "edc_cm", {"CMTRT": "DRUG", "CMSTDAT": day, "CMINDC": says}),
    }  # fmt: skip
    dataset, source, row = rows[line["record"]]
    return dataset, {source: [row]}


@pytest.mark.parametrize(
    "line", lines("epoch"), ids=lambda line: " ".join(filter(None, list(line.values())[:4]))
)
def test_a_record_belongs_to_the_epoch_of_the_element_that_holds_it(line: dict[str, Any]) -> None:
    dataset, rows = of_record(line)
    person = subject(visits=AT_DAY_1, ended="20-JUN-2027")
    person["edc_dsic"][0]["ICTIM"] = "10:00"
    records = Trial(person, rows).built(dataset).records
    found = records.filter(records["DSDECOD"] == "RANDOMIZED") if dataset == "DS" else records
    assert set(found["EPOCH"]) == {line["epoch"]}


@pytest.mark.parametrize(
    "line", lines("emergence"), ids=lambda line: " ".join(map(str, list(line.values())[:3]))
)
def test_an_event_is_treatment_emergent_unless_it_certainly_began_before_the_infusion(
    line: dict[str, Any],
) -> None:
    event = {
        "AETERM": "RASH",
        "AESTDAT": line["start"],
        "AESTTIM": line["time"],
        "AEPRE": line["began before"],
    }
    told = dict(Trial(subject(), {"edc_ae": [event]}).records("SUPPAE", "QNAM", "QVAL"))
    assert told["AETRTEM"] == line["emergent"]


CASES = sorted({line["case"] for line in lines("baseline")})


@pytest.mark.parametrize("case", CASES)
def test_the_last_observation_before_exposure(case: str) -> None:
    table = [line for line in lines("baseline") if line["case"] == case]
    results: list[Row] = [
        {
            "VISITLBL": line["visit"],
            "COLLDT": line["date"],
            "COLLTM": line["time"],
            "RSTAT": line["state"],
            "ACCESSN": f"A{n}",
            "LABTESTCD": "PLAT",
            "SPECIMEN": "BLD",
            "RESULT": "200",
            "UNIT": "10^9/L",
            "REVNO": 0,
        }
        for n, line in enumerate(table)
    ]
    flags = dict(
        Trial(subject(visits=AT_DAY_1), {"lab_results": results}).records("LB", "LBREFID", "LBLOBXFL")
    )
    assert [flags[f"A{n}"] for n in range(len(table))] == [line["flag"] for line in table]
    assert list(flags.values()).count("Y") <= 1


def test_visits_and_unplanned_contacts_have_the_numbers_of_the_table() -> None:
    table = lines("visit_numbers")
    rows: Rows = {"edc_sv": [], "edc_vs": []}
    for line in table:
        oid, _, repeat = line["contact"].partition(" ")
        row: Row = {"VISITOID": oid, "FORMREPEAT": int(repeat or 1), "RECORDID": line["record"]}
        dated = {"SVDAT": line["date"], "SVPERF": "Y"} if line["form"] == "SV" else {"VSDAT": line["date"]}
        rows[f"edc_{line['form'].lower()}"].append(row | dated)
    person = subject()
    del person["edc_sv"]
    found = Trial(person, rows).derived("visits")
    names = {
        f"{oid} {repeat}" if oid == "UNS" else oid: (number, visit)
        for oid, repeat, number, visit in found.select("oid", "repeat", "VISITNUM", "VISIT").iter_rows()
    }
    expected = {
        line["contact"]: (float(line["number"]), line["name"]) for line in table if line["number"] is not None
    }
    assert {contact: told for contact, told in names.items() if told[0] is not None} == expected
