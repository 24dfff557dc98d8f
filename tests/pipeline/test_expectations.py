"""Whole deliveries: a good night meets every expectation, and each of them fails on a night that deserves it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.contracts.deliveries.rules import ARRIVAL, FILES, delivery_rules
from pipeline.contracts.deliveries.tables import Arrived, arrival, files
from pipeline.contracts.deliveries.verdicts import Run, judged
from pipeline.errors import UsageError
from pipeline.flow.context import study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.run import run_build
from pipeline.flow.summary import expectations
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery
from pipeline.sources.landing import Landed
from pipeline.warehouse.builds import Build
from pipeline.warehouse.documents import EXPECTATIONS, folder_digest
from tests.conftest import AS_OF

SUBJECT = re.compile(r"\b[0-9]{3}-[0-9]{3}\b")
MISSED = ("W2", "W4")
Spoil = Callable[[pl.DataFrame], pl.DataFrame]


def verdicts(build: Build) -> dict[str, int]:
    """Rule -> rows that break it."""
    return dict(build.read("qc", "deliveries").select("rule", "broken").collect().iter_rows())


def pages(build: Build) -> dict[str, str]:
    folder = expectations(build).parent
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.html"))}


def test_a_night_with_defects_in_its_rows_breaks_the_quarantine_limit_alone(night: Build) -> None:
    told = {rule: broken for rule, broken in verdicts(night).items() if broken}
    rows = night.read("ops", FILES).filter(pl.col("quarantined") * 50 > pl.col("rows")).collect()
    assert told == {"quarantine_limit": rows.height}
    found = night.read("qc", "findings").filter(pl.col("rule").str.ends_with(".quarantine_limit")).collect()
    assert sorted(found["source"]) == sorted(rows["source"])
    assert set(found["file"]) == {night.facts["files"][source]["file"] for source in rows["source"]}


def test_the_pages_are_part_of_what_a_build_is_and_name_no_subject_and_no_other_place(night: Build) -> None:
    told = pages(night)
    assert night.facts["pages"][EXPECTATIONS] == folder_digest(expectations(night).parent)
    assert sum(name.startswith("validations/") for name in told) == 4
    assert "quarantine_limit" in told["index.html"]
    for name, text in told.items():
        assert not SUBJECT.search(text), name
        assert "http" not in text, name
        assert "<script" not in text, name


def test_every_link_of_every_page_leads_to_a_page(night: Build) -> None:
    folder = expectations(night).parent
    for name, text in pages(night).items():
        links = re.findall(r'href="([^"#]+)"', text)
        assert links, name
        for link in links:
            assert ((folder / name).parent / link).resolve().is_file(), (name, link)


def rewritten(path: Path, spoil: Spoil, separator: str = ",") -> None:
    rows = pl.read_csv(path, infer_schema=False, separator=separator)
    spoil(rows).write_csv(path, separator=separator, quote_style="never" if separator == "|" else "necessary")


@pytest.fixture(scope="module")
def bad_night(
    home: Path, delivered: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Landed, Landed, Build]:
    """Five days later: a subject has no vital signs, two visits of everybody are gone, also from the laboratory's
    file, which is refused first and then let through by a person."""
    place = tmp_path_factory.mktemp("bad")
    shutil.copytree(home, place / "home")
    shutil.copytree(delivered, place / "night")
    draws = pl.read_csv(place / "night" / "edc" / "LBC.csv", infer_schema=False)
    gone = draws.filter(pl.col("VISITOID").is_in(MISSED))["ACCESSN"].drop_nulls().implode()
    for path in sorted((place / "night" / "edc").glob("*.csv")):
        rewritten(path, lambda rows: rows.filter(~pl.col("VISITOID").is_in(MISSED)))
    rewritten(place / "night" / "edc" / "VS.csv", lambda rows: rows.filter(pl.col("SUBJID") != _first(place)))
    (laboratory,) = (place / "night" / "lab").glob("*.txt")
    rewritten(laboratory, lambda rows: rows.filter(~pl.col("ACCESSN").is_in(gone)), "|")
    settings, cut = Settings(home=place / "home"), AS_OF + timedelta(days=5)
    refused = load_delivery(settings, place / "night", cut=cut)
    released = load_delivery(settings, place / "night", cut=cut, released=["lab_results"])
    return refused, released, run_build(settings).build


def _first(place: Path) -> str:
    (assigned,) = (place / "night" / "rtsm").glob("*assign*.csv")
    return str(pl.read_csv(assigned, infer_schema=False).sort("SUBJID")["SUBJID"][0])


def test_a_shrunk_cumulative_file_is_refused_until_a_person_lets_it_through_and_both_are_on_record(
    bad_night: tuple[Landed, Landed, Build],
) -> None:
    refused, released, build = bad_night
    before, after = (each.delivery.entries["lab_results"] for each in (refused, released))
    assert (before.state, after.state) == ("refused", "accepted")
    assert "more than 5 %" in (before.reason or "")
    assert (before.rows, before.released, after.released) == (after.rows, False, True)
    told = build.read("ops", FILES).filter(pl.col("source") == "lab_results").collect().row(0, named=True)
    assert told["released"]
    assert told["rows"] < told["least_rows"] < told["last_rows"]


@pytest.mark.parametrize(
    ("rule", "about"),
    [
        ("delivery.late", [None]),
        ("lab_results.shrunk", ["lab_results"]),
        ("edc_vs.subjects", ["edc_vs"]),
        ("delivery.visits", [None]),
    ],
)
def test_each_broken_expectation_is_a_finding_and_stands_on_the_first_page(
    bad_night: tuple[Landed, Landed, Build], rule: str, about: list[str | None]
) -> None:
    build = bad_night[2]
    found = build.read("qc", "findings").filter(pl.col("rule") == rule).collect()
    assert found["source"].unique().to_list() == about
    assert f"<td>{rule}</td>" in re.sub(
        r"<td[^>]*>|\s+|</?(div|span)[^>]*>", _plain, pages(build)["index.html"]
    )


def _plain(found: re.Match[str]) -> str:
    return "<td>" if found[0].startswith("<td") else ""


def test_the_missing_subject_is_named_in_the_finding_and_nowhere_on_the_pages(
    bad_night: tuple[Landed, Landed, Build],
) -> None:
    build = bad_night[2]
    found = build.read("qc", "findings").filter(pl.col("rule") == "edc_vs.subjects").collect()
    assert found.select(pl.col("subject").str.contains(SUBJECT.pattern)).to_series().to_list() == [True]
    assert not any(SUBJECT.search(text) for text in pages(build).values())


def test_unreached_visits_are_told_by_site_and_for_all(bad_night: tuple[Landed, Landed, Build]) -> None:
    rows = bad_night[2].read("ops", "expected_visits").collect()
    assert rows["site"][0] == "all"
    assert rows["due"][0] - rows["recorded"][0] == 3
    assert (
        verdicts(bad_night[2])["visits"]
        == rows.filter(pl.col("recorded") < pl.col("least_recorded")).height
        > 0
    )


def landed_tables(settings: Settings, delivery: Delivery) -> dict[str, pl.DataFrame]:
    rules = study_parts(settings).spec.study.delivery
    facts = [
        Arrived(name, one.state, False, one.released, delivery.delivery_id, one.sha256, one.rows, one.last_rows,
                one.same_since, one.rows or 0, 0)
        for name, one in delivery.entries.items()
    ]  # fmt: skip
    table = files(facts, delivery.cut, rules)
    return {
        FILES: table,
        ARRIVAL: arrival(
            delivery.delivery_id, delivery.cut, delivery.last_cut, delivery.went_back, table, rules
        ),
    }


def test_an_old_export_that_is_sent_again_and_again_is_told(delivered: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    rules = tuple(
        rule
        for rule in delivery_rules(study_parts(settings).spec.study.delivery)
        if rule.name in ("repeated", "unchanged")
    )
    seen: dict[date, list[str]] = {}
    for days in (0, 1, 14, 15, 91):
        cut = AS_OF + timedelta(days=days)
        landed = load_delivery(settings, delivered, cut=cut).delivery
        told = judged(
            landed_tables(settings, landed), rules, Run(landed.delivery_id, cut), tmp_path / str(days)
        )
        seen[cut] = [f"{name} {each.key}" for name, broken in told.items() for each in broken]
    last = f"repeated {landed.delivery_id}"
    assert [len(each) for each in seen.values()] == [0, 0, 0, 1, 2]
    assert seen[cut] == [last, "unchanged lab_results"]


def test_an_export_of_before_the_last_one_is_told_at_once(delivered: Path, tmp_path: Path) -> None:
    settings, other = Settings(home=tmp_path / "home"), tmp_path / "other"
    shutil.copytree(delivered, other)
    form = other / "edc" / "DV.csv"
    lines = form.read_bytes().splitlines(keepends=True)
    form.write_bytes(b"".join([*lines, lines[-1]]))
    rules = delivery_rules(study_parts(settings).spec.study.delivery)
    rule = tuple(each for each in rules if each.name == "sent_again")
    told = []
    for day, folder in enumerate((delivered, other, other, delivered, delivered)):
        cut = AS_OF + timedelta(days=day)
        landed = load_delivery(settings, folder, cut=cut).delivery
        found = judged(
            landed_tables(settings, landed), rule, Run(landed.delivery_id, cut), tmp_path / str(day)
        )
        told.append((landed.went_back, len(found["sent_again"])))
    assert told == [(None, 0), (None, 0), (0, 0), (2, 1), (0, 0)]


def test_only_a_cumulative_source_can_be_released(delivered: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="edc_ae: it is not a cumulative source"):
        load_delivery(Settings(home=tmp_path), delivered, released=["edc_ae"])
    assert not (tmp_path / "landing").exists()
