"""What the ledger foresees of chance: quantities that tell the control from the others, in the delivered tables."""

from __future__ import annotations

import polars as pl

from data_contracts.bxu001_ra.simulation.patterns import by_chance
from pipeline.simulate import Tables

COHORTS = {"1": range(1, 9), "2": range(11, 19)}
CONTROLS = (1, 2, 11, 12)


def tables(*, minutes: dict[int, int] | None = None, bags: dict[int, int] | None = None) -> Tables:
    """Two cohorts of eight with two controls each; quantities that tell nothing unless they are given."""
    people = [number for members in COHORTS.values() for number in members]
    end = [20 + (minutes or {}).get(number, number % 2) for number in people]
    bag = [f"B{(bags or {}).get(number, 100 + number * 7 % 19)}" for number in people]
    same = {"RECSTATUS": "ACTIVE", "ECYN": "Y", "ECSTDAT": "01-FEB-2027", "ECENDAT": "01-FEB-2027"}
    given = {"ECSTTIM": "09:00", "ECVOLPRP": "100", "ECWT": "70.0"}
    infusions = pl.DataFrame(
        {"SUBJID": people, "ECBAGNO": bag, "ECENTIM": [f"09:{minute}" for minute in end]}
    ).with_columns(pl.lit(value).alias(name) for name, value in {**same, **given}.items())
    arm = ["PBO" if number in CONTROLS else "BXU075" for number in people]
    cohort = ["1" if number < 10 else "2" for number in people]
    product = ["PLACEBO" if each == "PBO" else "BX-U001" for each in arm]
    return {
        "edc_ec": infusions,
        "rtsm_product_release": pl.DataFrame({"BAGNO": bag, "PRODUCT": product}),
        "rtsm_unblinding_key": pl.DataFrame({"SUBJID": people, "ARMCD": arm}),
        "rtsm_assign": pl.DataFrame({"SUBJID": people, "COHORT": cohort, "STATUS": "ASSIGNED"}),
    }


def told(made: Tables) -> list[tuple[str, str]]:
    return by_chance(made).select("rule", "note").rows()


def test_what_differs_by_nothing_is_not_foreseen() -> None:
    assert told(tables()) == []


def test_a_duration_that_all_controls_share_is_foreseen() -> None:
    longer = dict.fromkeys(CONTROLS, 30)
    assert told(tables(minutes=longer)) == [("BX-BL-05", "the duration of the infusion tells the control")]


def test_the_bag_that_was_given_tells_who_is_a_control_not_the_plan() -> None:
    made = tables(minutes=dict.fromkeys(CONTROLS, 30))
    swapped = made["rtsm_product_release"].with_columns(
        PRODUCT=pl.when(pl.int_range(pl.len()).is_in([0, 3]))
        .then(pl.lit("PLACEBO"))
        .otherwise(pl.lit("BX-U001"))
    )
    assert told({**made, "rtsm_product_release": swapped}) == []
