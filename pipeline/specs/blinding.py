"""Frozen models of ``blinding.yaml``: the arms behind the mask, where the truth lies, and what would give it away.

A study without this file is not blinded and has one mode only. Nothing here names a subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from pipeline.specs.frozen import Frozen, Names


class Arm(Frozen):
    """One planned arm; its descriptions are those of the trial design tables.

    ``level`` is the dose per kg of body weight as exact text, ``0`` for the control; ``cohorts`` may receive it.
    """

    code: str
    element: str
    product: str
    level: str
    cohorts: Names

    @property
    def control(self) -> bool:
        """True for an arm without active substance."""
        return self.level == "0"


class Product(Frozen):
    """What the exposure dataset says about a product: its name as the pharmacy writes it, dose form and unit."""

    name: str
    form: str
    unit: str


class CohortSize(Frozen):
    """How many subjects of a cohort receive the active product and the control."""

    cohort: str
    active: int
    control: int


class KeyColumns(Frozen):
    """The unblinding key: one row a randomized subject, and a fingerprint of the whole list in every row."""

    source: str
    subject: str
    number: str
    arm: str
    fingerprint: str


class AssignmentColumns(Frozen):
    """Columns of the open assignment file (the source of the reference moment ``assignment``)."""

    subject: str
    number: str
    cohort: str


class ReleaseColumns(Frozen):
    """What was released in which bag; ``viability`` and ``lot`` may be empty."""

    source: str
    bag: str
    product: str
    lot: str
    viability: str


class ScheduleColumns(Frozen):
    """The randomization list."""

    source: str
    number: str
    arm: str


class InfusionColumns(Frozen):
    """Columns of the collected infusion (the source of the reference moment ``exposure_start``)."""

    bag: str
    weight: str
    prepared: str
    infused: str


class Rules(Frozen):
    """Ids of the study's rules that are no queries: of the key, before it unblinds, and of patterns that tell the arm.

    ``pattern_alpha`` is the p below which a pattern tells it.
    """

    cohort_sizes: str
    cohort_dose: str
    bag_pattern: str
    volume_pattern: str
    pattern_alpha: str


class Leaks(Frozen):
    """What no file of a blinded build may hold.

    ``only``: column -> values that it may have besides nothing. ``columns``: names and globs that may not exist.
    ``qualifiers``: QNAM that may not exist. ``words``: treatment words beside the codes and names of arms,
    elements and products. ``allowed``: names that merely look like such a word.
    """

    only: dict[str, Names]
    columns: Names
    qualifiers: Names
    words: Names = ()
    allowed: Names = ()


class Blinding(Frozen):
    """``blinding.yaml``; ``trial_arms`` and ``trial_elements`` name the tables that describe arms and elements."""

    trial_arms: str
    trial_elements: str
    arms: tuple[Arm, ...]
    products: tuple[Product, ...]
    cohorts: tuple[CohortSize, ...]
    key: KeyColumns
    assignment: AssignmentColumns
    release: ReleaseColumns
    schedule: ScheduleColumns
    infusion: InfusionColumns
    rules: Rules
    leaks: Leaks

    def arm(self, code: str) -> Arm | None:
        """The arm of that code; None if there is none."""
        return next((arm for arm in self.arms if arm.code == code), None)

    def product(self, name: str) -> Product | None:
        """The product of that name; None if the study has none."""
        return next((product for product in self.products if product.name == name), None)


def contradictions(blinding: Blinding, tables: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """What is wrong with the arms: unlike the trial design tables, without product or cohort size, or not distinct."""
    if missing := [name for name in (blinding.trial_arms, blinding.trial_elements) if name not in tables]:
        yield f"table {missing[0]} is missing"
        return
    planned = set(tables[blinding.trial_arms].select("ARMCD", "ETCD").iter_rows())
    if {arm.code for arm in blinding.arms} != {code for code, _ in planned}:
        yield "its arms are not those of the trial arms table"
    for arm in blinding.arms:
        if (arm.code, arm.element) not in planned:
            yield f"element {arm.element} is not in arm {arm.code} of the trial arms table"
        if arm.element not in set(tables[blinding.trial_elements]["ETCD"]):
            yield f"element {arm.element} is not in the trial elements table"
        if blinding.product(arm.product) is None:
            yield f"product {arm.product} of arm {arm.code} is not declared"
        if unknown := set(arm.cohorts) - {size.cohort for size in blinding.cohorts}:
            yield f"cohort {min(unknown)} of arm {arm.code} has no size"
    chosen = [(arm.product, cohort) for arm in blinding.arms for cohort in arm.cohorts]
    if len(chosen) > len(set(chosen)):
        yield "two arms have the same product in the same cohort"
