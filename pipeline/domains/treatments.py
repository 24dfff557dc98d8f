"""Who was to receive what, and who received what: the key and the product release beside the collected infusions.

For unblinded builds only, like ``unblinded``, which uses it.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.dose import with_dose
from pipeline.domains.mapping import kept
from pipeline.domains.records import LINE, Inputs
from pipeline.errors import BuildFailed
from pipeline.specs.blinding import Blinding

_VOLUME = pl.Decimal(20, 6)  # exact sums of millilitres
_FIX = "describe the treatment in blinding.yaml first; nothing was published"


def treatments(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """One row a randomized subject, by USUBJID: ARMCD, ARM, and, once infused, ACTARMCD, ACTARM, ETCD, ELEMENT.

    The actual arm is that of the product in the infused bag at the cohort's level; the planned one if the bag is
    not in the product release file. Raises BuildFailed for a product that no arm of the cohort has, or two products
    in one subject.
    """
    given = _given(inputs, blinding).group_by("USUBJID").agg(product=pl.col("product").unique())
    if several := given.filter(pl.col("product").list.len() > 1).height:
        raise BuildFailed(blinding.release.source, f"{several} subjects received two products", _FIX)
    planned = _planned(inputs, blinding)
    received = given.with_columns(pl.col("product").list.first()).join(planned, on="USUBJID", how="left")
    actual = received.join(_arm_table(inputs, blinding), on=["product", "cohort"], how="left")
    if unknown := actual["ACTARMCD"].null_count():
        raise BuildFailed(
            blinding.release.source, f"{unknown} subjects received what no arm of their cohort has", _FIX
        )
    columns = ["ACTARMCD", "ACTARM", "ETCD", "ELEMENT"]
    found = planned.join(actual.select("USUBJID", *columns), on="USUBJID", how="left")
    return found.select("USUBJID", "ARMCD", "ARM", *columns).sort("USUBJID")


def bags(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """One row a subject and infused bag: product, level, dose form and unit, dose and total given as exact texts.

    ``_release_line`` is null for a bag that is not in the product release file; ``_dose`` and ``_total`` are null
    where an input is missing or contradicts itself, and 0 for a control whatever the volumes are.
    """
    products = pl.DataFrame(
        [(each.name, each.form, each.unit) for each in blinding.products],
        schema={"product": pl.String, "_form": pl.String, "_unit": pl.String},
        orient="row",
    )
    levels = _arm_table(inputs, blinding).select("product", "cohort", "_level")
    rows = (
        _given(inputs, blinding)
        .join(_planned(inputs, blinding).select("USUBJID", "cohort"), on="USUBJID", how="left")
        .join(levels, on=["product", "cohort"], how="left")
        .join(products, on="product", how="left")
    )
    volumes = {"level": "_level", "prepared": "_prepared", "infused": "_infused"}
    dosed = with_dose(rows, weight="_weight", **volumes).drop("_dose")
    per_kg = dosed.with_columns(_kg=pl.lit("1"))  # a dose per kg does not depend on the weight
    dosed = with_dose(per_kg, weight="_kg", planned_total="_planned", total="_per_kg", **volumes)
    control = pl.col("_level") == "0"
    shortest = pl.col("_total").str.strip_chars_end("0").str.strip_chars_end(".")
    return dosed.with_columns(
        _product=pl.col("product"),
        _dose=pl.when(control).then(pl.lit("0")).otherwise("_dose"),
        _total=pl.when(control).then(pl.lit("0")).otherwise(shortest),
    ).drop("product", "_planned_total", "_planned", "_per_kg", "_kg")


def _given(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """Every infused bag of a subject with what was released in it; the planned product if that is not known."""
    release = blinding.release
    infused = _infused(inputs, blinding)
    released = inputs.live(release.source).select(
        bag=release.bag,
        _released=release.product,
        _lot=release.lot,
        _viability=release.viability,
        _release_line=LINE,
    )
    arms = {arm.code: arm.product for arm in blinding.arms}
    planned = pl.col("ARMCD").replace_strict(arms, default=None, return_dtype=pl.String)
    return (
        infused.join(released.collect(), on="bag", how="left")
        .join(_planned(inputs, blinding).select("USUBJID", "ARMCD"), on="USUBJID", how="left")
        .with_columns(product=pl.coalesce("_released", planned))
        .drop("ARMCD", "_released")
    )


def _infused(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """One row a subject and bag: dosing weight, volume prepared (null if entered differently), and volume infused."""
    start, columns = inputs.spec.study.reference.exposure_start, blinding.infusion
    rows = inputs.live(start.source)
    for where in start.where:
        rows = rows.filter(kept(where))
    people = inputs.derived("subjects").select("SUBJID", "USUBJID")
    intervals = rows.join(people, on="SUBJID", how="inner").select(
        "USUBJID",
        LINE,
        bag=columns.bag,
        _weight=columns.weight,
        _prepared=columns.prepared,
        _volume=columns.infused,
    )
    volume = pl.col("_volume").cast(_VOLUME)
    return (
        intervals.sort("USUBJID", LINE)
        .group_by("USUBJID", "bag", maintain_order=True)
        .agg(
            _weight=_agreed("_weight"),
            _prepared=_agreed("_prepared"),
            _infused=pl.when(volume.is_not_null().all()).then(volume.sum()),
        )
        .with_columns(pl.col("_infused").cast(pl.String))
        .collect()
    )


def _agreed(column: str) -> pl.Expr:
    """The one value of all intervals; null if they tell different ones."""
    return pl.when(pl.col(column).n_unique() == 1).then(pl.col(column).first())


def _planned(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """One row a subject of the key: USUBJID, cohort, ARMCD and ARM."""
    own, other = blinding.key, blinding.assignment
    assignment = inputs.spec.study.reference.assignment
    standing = inputs.live(assignment.source)
    for where in assignment.where:
        standing = standing.filter(kept(where))
    return (
        inputs.live(own.source)
        .select(SUBJID=own.subject, ARMCD=own.arm)
        .join(standing.select(SUBJID=other.subject, cohort=other.cohort), on="SUBJID", how="inner")
        .join(inputs.derived("subjects").select("SUBJID", "USUBJID"), on="SUBJID", how="inner")
        .collect()
        .with_columns(ARM=_decode(pl.col("ARMCD"), inputs, blinding.trial_arms, "ARMCD", "ARM"))
    )


def _arm_table(inputs: Inputs, blinding: Blinding) -> pl.DataFrame:
    """One row a product and cohort: the arm, its description, its treatment element and its level."""
    rows = [
        (arm.product, cohort, arm.code, arm.element, arm.level)
        for arm in blinding.arms
        for cohort in arm.cohorts
    ]
    table = pl.DataFrame(rows, schema=["product", "cohort", "ACTARMCD", "ETCD", "_level"], orient="row")
    return table.with_columns(
        ACTARM=_decode(pl.col("ACTARMCD"), inputs, blinding.trial_arms, "ARMCD", "ARM"),
        ELEMENT=_decode(pl.col("ETCD"), inputs, blinding.trial_elements, "ETCD", "ELEMENT"),
    )


def _decode(code: pl.Expr, inputs: Inputs, table: str, key: str, text: str) -> pl.Expr:
    known = dict(inputs.spec.table(table).select(key, text).iter_rows())
    return code.replace_strict(known, default=None, return_dtype=pl.String)
