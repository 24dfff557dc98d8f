"""What the simulator writes is what the contracts accept, and what it plants is what they set aside."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.contracts.catalog import contract_models, subject_form
from pipeline.contracts.check import check
from pipeline.sources.raw import read_raw
from tests.conftest import DEFECTS
from tests.unit.simulate.nights import LAST_NIGHT, Night, layouts


def checked_sources(delivered: Night) -> dict[str, pl.DataFrame]:
    """Quarantined rows of every open source by delivered file."""
    sites = delivered.rtsm("site_master")["SITEID"].to_list()
    quarantined = {}
    for source, model in contract_models("bxu001_ra").items():
        layout = layouts()[source]
        if not layout.restricted:
            (path,) = delivered.result.folder.glob(layout.pattern)
            raw = read_raw(path, layout).collect()
            name = str(path.relative_to(delivered.result.folder))
            result = check(raw, model, file=name, cut=LAST_NIGHT, form=subject_form("bxu001_ra"), sites=sites)
            assert result.accepted.height + result.quarantined.height == raw.height
            quarantined[name] = result.quarantined
            if not delivered.result.defects:
                assert result.counts.quarantined == 0
                assert result.counts.changed == 0
    return quarantined


def test_the_contracts_accept_every_row_of_a_clean_night(first: Night) -> None:
    assert {name: rows.height for name, rows in checked_sources(first).items() if rows.height} == {}


def test_the_contracts_set_aside_exactly_the_planted_impossible_dates_and_codes(dirty: Night) -> None:
    planted = dirty.ledger().filter(pl.col("kind").is_in(["impossible_date", "unknown_code"]))
    expected = set(planted.select("file", "line").iter_rows())
    found = {
        (name, line)
        for name, rows in checked_sources(dirty).items()
        for line in rows["_line"].cast(pl.Int64).to_list()
    }
    assert found == expected
    assert len(expected) == 4


def test_restricted_files_satisfy_their_contracts(first: Night) -> None:
    models = contract_models("bxu001_ra")
    assert first.result.restricted is not None
    for source, layout in layouts().items():
        if layout.restricted:
            raw = read_raw(first.result.restricted / layout.pattern, layout).collect()
            sites = ("101", "102", "103")
            result = check(
                raw, models[source], file=source, cut=LAST_NIGHT, form=subject_form("bxu001_ra"), sites=sites
            )
            assert result.quarantined.is_empty()
            assert not result.accepted.is_empty()


@pytest.mark.parametrize("kind", DEFECTS)
def test_every_kind_is_planted_at_least_twice(dirty: Night, kind: str) -> None:
    assert dirty.result.defects[kind] >= 2
    told = dirty.ledger().filter(pl.col("kind") == kind)
    assert told["defect"].n_unique() == dirty.result.defects[kind]
