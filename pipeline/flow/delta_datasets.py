"""What changed from one delivery to the next in the datasets that were built from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from pipeline.delta.datasets import CHANGE, ComparedDataset, compare_dataset
from pipeline.delta.references import settled
from pipeline.flow.context import BLINDED, StudyParts, open_context
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery
from pipeline.warehouse.builds import Build, finished

DATASET = pl.Schema(
    {
        "dataset": pl.String,
        **dict.fromkeys(("old", "new", "added", "removed", "changed", "repeated"), pl.Int64),
        "variables": pl.String,  # the changed ones with their counts, most frequent first
    }
)
_MOST_VARIABLES = 5
_OTHER_CODE = (
    "build {} of delivery {} was made by another version of the pipeline or its specification: "
    "some changes may come from that"
)


@dataclass(frozen=True)
class ComparedDatasets:
    """Counts by dataset and every change; None where ``notes`` say which build is absent."""

    counts: pl.DataFrame | None
    changes: pl.DataFrame
    notes: tuple[str, ...]


def compared_datasets(
    settings: Settings, parts: StudyParts, old: Delivery, new: Delivery
) -> ComparedDatasets:
    """The datasets of both deliveries' builds side by side, in the order of the specification."""
    one, other = (build_of(settings, each) for each in (old, new))
    if one is None or other is None:
        absent = [each.delivery_id for each, build in ((old, one), (new, other)) if build is None]
        return ComparedDatasets(None, CHANGE.to_frame(), tuple(map(_build_first, absent)))
    compared = {name: _compared(parts, name, one, other) for name in parts.spec.datasets}
    changes = pl.concat([CHANGE.to_frame(), *(each.changes for each in compared.values())])
    rows = [
        {"dataset": name, **each.counts, "variables": _variables(each)} for name, each in compared.items()
    ]
    return ComparedDatasets(pl.DataFrame(rows, schema=DATASET), changes, _other_code(settings, one, other))


def build_of(settings: Settings, delivery: Delivery) -> Build | None:
    """The blinded build of ``delivery``: by today's specification and code if there is one, else the youngest."""
    found = finished(settings.warehouse, settings.study, BLINDED, delivery.delivery_id)
    wanted = _current(settings, delivery.delivery_id)
    return next((one for one in found if one.build == wanted), found[-1] if found else None)


def _current(settings: Settings, delivery: str) -> str:
    return open_context(settings, delivery).store.build


def _other_code(settings: Settings, *builds: Build) -> tuple[str, ...]:
    others = [one for one in builds if one.build != _current(settings, one.delivery)]
    return tuple(_OTHER_CODE.format(one.build, one.delivery) for one in others)


def _build_first(delivery: str) -> str:
    return (
        f"delivery {delivery} has no build in the warehouse: run './sdtm build --delivery {delivery}', "
        "then './sdtm build' to publish the newest again, to compare the datasets too"
    )


def _compared(parts: StudyParts, name: str, old: Build, new: Build) -> ComparedDataset:
    keys = {each: _natural(parts, each) for each in parts.spec.datasets}
    one, other = (settled(_records(build, name), partial(_records, build), keys) for build in (old, new))
    return compare_dataset(name, one, other, keys[name], _running_number(name))


def _running_number(dataset: str) -> str:
    return f"{dataset}SEQ"


def _natural(parts: StudyParts, name: str) -> list[str]:
    return [key for key in parts.spec.dataset(name).keys if key != _running_number(name)]


def _records(build: Build, name: str) -> pl.LazyFrame:
    """The dataset's records; a frame without columns if that build had no such dataset."""
    if any((file.layer, file.table) == ("sdtm", name.lower()) for file in build.files):
        return build.read("sdtm", name.lower())
    return pl.LazyFrame()


def _variables(compared: ComparedDataset) -> str:
    counted = compared.changes.drop_nulls("variable").group_by("variable").len("n")
    ranked = counted.sort("n", "variable", descending=[True, False])
    told = [f"{variable} {n:,}" for variable, n in ranked.head(_MOST_VARIABLES).iter_rows()]
    return ", ".join(told) + (", ..." if ranked.height > _MOST_VARIABLES else "")
