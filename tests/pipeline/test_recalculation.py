"""Scores of a whole simulated study: it agrees with itself, and a form that was changed does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published
from tests.conftest import once

SUBJECTS, SEED, NIGHT = 8, 7, date(2028, 6, 30)  # everybody has ended
RULES = ("BX-RS-01", "BX-RS-03", "BX-RS-04")
Place = tuple[str, int, str]  # rule, line of DAR, test


@dataclass(frozen=True)
class Study:
    """A build, and what was changed in its delivery before it landed."""

    build: Build
    lines: dict[str, int]
    specimen: str

    def table(self, layer: str, name: str) -> pl.DataFrame:
        return self.build.read(layer, name).collect()

    def places(self) -> set[Place]:
        findings = self.table("qc", "findings").filter(pl.col("rule").is_in(RULES))
        assert set(findings["file"]) == {"edc/DAR.csv"}
        return set(findings.select("rule", "line", "variable").rows())


def changed(folder: Path) -> tuple[dict[str, int], str]:
    """Falsifies one value of six forms and drops one rate of the laboratory; name of the change -> line of its form."""
    path = folder / "edc" / "DAR.csv"
    forms = pl.read_csv(path, infer_schema=False).with_row_index("line", offset=2)
    # Forms with every answer; the decodes stand beside the codes.
    whole = forms.filter(
        pl.col("VISITOID") == "W8", pl.all_horizontal(pl.col("ACR20", "EULCRP").is_in(["Y", "N", "G", "M"]))
    )
    lines = dict(
        zip(("DAS28CRP", "ACR20", "CDAI", "EULESR", "SDAI", "ACR70"), whole["line"].to_list(), strict=False)
    )
    decode = dict(forms.select("ACR20", "ACR20_DEC").drop_nulls().unique().iter_rows())
    flipped = pl.when(pl.col("ACR20") == "Y").then(pl.lit("N")).otherwise(pl.lit("Y"))

    def at(name: str, column: str, value: pl.Expr) -> pl.Expr:
        return pl.when(pl.col("line") == lines[name]).then(value).otherwise(column).alias(column)

    more = (pl.col("DAS28CRP").cast(pl.Decimal(5, 2)) + pl.lit("0.01").cast(pl.Decimal(5, 2))).cast(pl.String)
    nothing = pl.lit(None, dtype=pl.String)
    forms.with_columns(
        at("DAS28CRP", "DAS28CRP", more),
        at("ACR20", "ACR20", flipped),
        at("ACR20", "ACR20_DEC", flipped.replace_strict(decode)),
        at("CDAI", "CDAI", nothing),
        at("EULESR", "EULESR", nothing),
        at("EULESR", "EULESR_DEC", nothing),
        at("SDAI", "SDAI", pl.col("SDAI") + "4"),  # a third decimal, within the tolerance
        at("ACR70", "ACR70", pl.lit("U")),
        at("ACR70", "ACR70_DEC", pl.lit(decode.get("U", "Undetermined"))),
    ).drop("line").write_csv(path)
    (lab,) = (folder / "lab").glob("*_LAB_*.txt")
    rows = lab.read_text().splitlines(keepends=True)
    gone = next(row for row in rows if "|GFRE|" in row)
    lab.write_text("".join(row for row in rows if row != gone))
    return lines, gone.split("|")[7]


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    def make(home: Path) -> None:
        settings = Settings(home=home)
        simulate_delivery(
            settings, home / "sent", None, subjects=SUBJECTS, seed=SEED, as_of=NIGHT, defects="none"
        )
        lines, specimen = changed(home / "sent")
        pl.DataFrame({"name": list(lines), "line": list(lines.values())}).write_csv(home / "lines.csv")
        (home / "specimen.txt").write_text(specimen)
        load_delivery(settings, home / "sent")
        run_build(settings)

    home = once(tmp_path_factory, "recalculated", make)
    build = published(Settings(home=home).warehouse, Settings(home=home).study, "BLINDED")
    assert build is not None
    lines = dict(pl.read_csv(home / "lines.csv").iter_rows())
    return Study(build, lines, (home / "specimen.txt").read_text())


def test_exactly_the_changed_values_disagree(study: Study) -> None:
    lines = study.lines
    assert len(lines) == 6
    assert study.places() == {
        ("BX-RS-01", lines["DAS28CRP"], "DAS28CRP"),
        ("BX-RS-01", lines["ACR20"], "ACR20"),
        ("BX-RS-01", lines["ACR70"], "ACR70"),
        ("BX-RS-03", lines["EULESR"], "EULRESR"),
    }
    counts = dict(study.table("qc", "rs_recalc").group_by("verdict").len().iter_rows())
    assert counts.keys() == {"AGREES", "DIFFERS", "NOT SHOWN"}
    assert (counts["DIFFERS"], counts["NOT SHOWN"]) == (3, 2)
    assert counts["AGREES"] > 300


def test_what_the_forms_show_is_submitted_as_shown(study: Study) -> None:
    forms = study.table("typed", "edc_dar").select(
        line="_line", CDAIRA="CDAI", DAS28CRP="DAS28CRP", SDAIRA="SDAI"
    )
    shown = forms.unpivot(index="line", variable_name="test", value_name="value").drop_nulls()
    links = study.table("ops", "links_rs").filter(pl.col("source") == "edc_dar")
    records = study.table("sdtm", "rs").select(
        "USUBJID", "RSTESTCD", "RSORRES", seq=pl.col("RSSEQ").cast(pl.Int64)
    )
    linked = records.join(links, left_on=["USUBJID", "seq"], right_on=["subject", "seq"])
    submitted = linked.select("line", test="RSTESTCD", value="RSORRES")
    together = shown.join(submitted, on=["line", "test", "value"], how="inner")
    assert together.height == shown.height > 100


def test_the_index_that_the_form_lacks_is_derived_from_its_components(study: Study) -> None:
    derived = study.table("sdtm", "rs").filter(pl.col("RSDRVFL") == "Y")
    assert derived.select("RSTESTCD", "RSORRES", "VISIT").rows() == [("CDAIRA", None, "WEEK 8")]
    keys = derived.select(USUBJID="USUBJID", seq=pl.col("RSSEQ").cast(pl.Int64))
    links = study.table("ops", "links_rs").join(keys, left_on=["subject", "seq"], right_on=["USUBJID", "seq"])
    assert links["source"].to_list() == ["edc_jc28", "edc_phga", "edc_ptga"]


def test_a_rate_that_the_laboratory_left_out_is_derived_as_it_would_have_reported_it(study: Study) -> None:
    records = study.table("sdtm", "lb").filter(pl.col("LBDRVFL") == "Y")
    assert records.select("LBTESTCD", "LBREFID", "LBORRES").rows() == [("GFRE", study.specimen, None)]
    looked = study.table("qc", "egfr")
    assert looked.filter(pl.col("reported").is_null())["specimen"].to_list() == [study.specimen]
    assert set(looked["problem"]) == {None}


@pytest.mark.parametrize(
    ("layer", "table"),
    [("derived", "scores"), ("derived", "response"), ("derived", "haq_di"), ("qc", "egfr")],
)
def test_tables_have_one_row_a_subject_and_visit(study: Study, layer: str, table: str) -> None:
    rows = study.table(layer, table)
    assert rows.height > 10
    assert rows.select("USUBJID", "VISITNUM").is_duplicated().sum() == 0
    assert rows.equals(rows.sort("USUBJID", "VISITNUM"))
