"""The arm reaches the open files through the clinical effect and in no other way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from data_contracts.bxu001_ra.simulation.model import deliveries
from data_contracts.bxu001_ra.simulation.people import people
from data_contracts.bxu001_ra.simulation.trial import grown_from
from pipeline.simulate import Generated, Streams
from tests.unit.simulate.nights import LAST_NIGHT, layouts

# Joints, scales, CRP and ESR follow the response to treatment; rescue and the 2010 score follow the joints.
CLINICAL = {
    "edc_jc28",
    "edc_ptga",
    "edc_phga",
    "edc_haq",
    "edc_dar",
    "edc_resc",
    "edc_cmra",
    "coding_whodrug",
}


@pytest.fixture(scope="module")
def two_keys() -> tuple[Generated, Generated]:
    """The same trial under two randomization keys."""
    streams = Streams(9)
    who = people(streams, 16)
    other = replace(who, arm=np.where(who.randomized, np.where(who.arm > 0, 0, who.cohort), 0))
    return deliveries(grown_from(streams, who), LAST_NIGHT), deliveries(
        grown_from(streams, other), LAST_NIGHT
    )


def test_another_key_changes_no_open_source_but_the_clinical_ones(
    two_keys: tuple[Generated, Generated],
) -> None:
    one, other = two_keys
    open_sources = [source for source in one.tables if not layouts()[source].restricted]
    changed = {source for source in open_sources if not one.tables[source].equals(other.tables[source])}
    assert changed <= CLINICAL | {"lab_results"}
    assert {"edc_jc28", "edc_dar", "lab_results"} <= changed


def test_another_key_changes_no_laboratory_result_but_crp_and_esr(
    two_keys: tuple[Generated, Generated],
) -> None:
    one, other = (
        made.tables["lab_results"].filter(~pl.col("LABTESTCD").is_in(["CRP", "ESR"])) for made in two_keys
    )
    assert one.equals(other)


def test_another_key_changes_neither_the_number_nor_the_order_of_clinical_rows(
    two_keys: tuple[Generated, Generated],
) -> None:
    one, other = two_keys
    for source in CLINICAL - {"edc_cmra", "coding_whodrug"}:
        assert one.tables[source]["RECORDID"].to_list() == other.tables[source]["RECORDID"].to_list()


def test_another_key_changes_every_restricted_source_that_tells_the_arm(
    two_keys: tuple[Generated, Generated],
) -> None:
    one, other = two_keys
    for source in ("rtsm_unblinding_key", "rtsm_product_release", "rtsm_emergency_unblind"):
        assert not one.tables[source].equals(other.tables[source])
