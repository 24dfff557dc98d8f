"""How steps and outputs are called in Dagster: keys, groups, and the partition of a delivery."""

from __future__ import annotations

import dagster as dg

DELIVERIES = dg.DynamicPartitionsDefinition(name="deliveries")
ARRIVED = dg.AssetKey("delivery")
PUBLISHED = dg.AssetKey("published")
RAW, RELEASE = "raw", "release"


def key_of(step: str) -> dg.AssetKey:
    """``contract.edc_ae`` is the asset ``contract / edc_ae``."""
    return dg.AssetKey(step.split("."))


def op_name(step: str) -> str:
    """The name in the run's timeline: letters, digits and underscores."""
    return step.replace(".", "__")


def output_key(file: str) -> dg.AssetKey:
    """``ae.xpt`` is the asset ``release / ae.xpt``."""
    return dg.AssetKey([RELEASE, file])
