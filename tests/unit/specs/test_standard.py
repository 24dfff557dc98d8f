"""The pinned standard: generated from the published files, read back as facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SpecError
from pipeline.settings import CHECKOUT
from pipeline.specs.load import load_study
from pipeline.specs.standard import Codelist, Term, VariableFacts, generate, load_standard

IG = """dataset,variable,label,type,role,core,codelist_code,order,described_value_domain,notes
AE,AETERM,Reported Term,Char,Topic,Req,,2,,never copied
AE,AEOUT,Outcome,Char,Qualifier,Perm,C66768,3,,
AE,AESTDTC,Start,Char,Timing,Exp,,4,ISO 8601 datetime or interval,
SUPPQUAL,QNAM,Qualifier,Char,Topic,Req,,1,,
XX,XXTERM,Unwanted,Char,Topic,Req,C1,1,,
"""
CT = """Code\tCodelist Code\tCodelist Extensible (Yes/No)\tCodelist Name\tCDISC Submission Value\tNCI Preferred Term
C66768\t\tNo\tOutcome of Event\tOUT\tOutcome Terminology
C48275\tC66768\t\tOutcome of Event\tFATAL\tDeath Related to Adverse Event
C17998\tC66768\t\tOutcome of Event\tUNKNOWN\tUnknown
C66742\t\tYes\tNo Yes Response\tNY\tYes No
C49488\tC66742\t\tNo Yes Response\tY\tYes
C99999\t\tNo\tUnwanted\tUNW\tUnwanted
C1\tC99999\t\tUnwanted\tU\tUnwanted, with a comma
"""
GENERATED = ("variables", "codelists", "terminology")


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, Path]:
    ig, ct = tmp_path / "ig.csv", tmp_path / "ct.txt"
    ig.write_text(IG, encoding="utf-8")
    ct.write_text(CT, encoding="utf-8")
    return ig, ct


def test_what_is_generated_is_read_back_as_facts(tmp_path: Path, published: tuple[Path, Path]) -> None:
    ig, ct = published
    generate(tmp_path / "standard", ig=ig, ct=ct, datasets=["AE", "SUPPQUAL"], codelists=["C66742"])
    standard = load_standard(tmp_path / "standard")
    assert standard.variable("AE", "AEOUT") == VariableFacts(
        "AE", "AEOUT", 3, "Outcome", "Char", "Qualifier", "Perm", ("C66768",), ""
    )
    assert standard.variable("AE", "AESTDTC").domain == "ISO 8601 datetime or interval"
    assert standard.codelist("C66768").terms["FATAL"] == Term(
        "C48275", "FATAL", "Death Related to Adverse Event"
    )
    assert standard.codelist("C66742") == Codelist(
        "C66742", "NY", extensible=True, terms={"Y": Term("C49488", "Y", "Yes")}, title="No Yes Response"
    )


def test_only_what_is_wanted_is_kept(tmp_path: Path, published: tuple[Path, Path]) -> None:
    ig, ct = published
    generate(tmp_path, ig=ig, ct=ct, datasets=["AE"], codelists=[])
    text = "".join((tmp_path / f"{name}.csv").read_text() for name in GENERATED)
    assert "XX" not in text
    assert "C99999" not in text
    assert "never copied" not in text


def test_generating_twice_gives_the_same_bytes(tmp_path: Path, published: tuple[Path, Path]) -> None:
    ig, ct = published
    for name in ("one", "two"):
        generate(tmp_path / name, ig=ig, ct=ct, datasets=["SUPPQUAL", "AE"], codelists=["C66742"])
    for name in GENERATED:
        made = [(tmp_path / folder / f"{name}.csv").read_bytes() for folder in ("one", "two")]
        assert made[0] == made[1]


def test_every_supplemental_dataset_has_the_same_variables(
    tmp_path: Path, published: tuple[Path, Path]
) -> None:
    ig, ct = published
    generate(tmp_path, ig=ig, ct=ct, datasets=["SUPPQUAL"], codelists=[])
    assert load_standard(tmp_path).variable("SUPPAE", "QNAM").dataset == "SUPPQUAL"


def test_what_the_published_files_lack_is_told(tmp_path: Path, published: tuple[Path, Path]) -> None:
    ig, ct = published
    with pytest.raises(SpecError, match=r"ig\.csv: has no dataset YY, ZZ"):
        generate(tmp_path, ig=ig, ct=ct, datasets=["ZZ", "YY"], codelists=[])
    with pytest.raises(SpecError, match=r"ct\.txt: has no codelist C404"):
        generate(tmp_path, ig=ig, ct=ct, datasets=["AE"], codelists=["C404"])


def test_a_standard_that_was_never_generated_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"variables\.csv: file is missing; run 'sdtm standard'"):
        load_standard(tmp_path / "nowhere")


def test_a_name_that_the_standard_does_not_have_is_told(tmp_path: Path, published: tuple[Path, Path]) -> None:
    ig, ct = published
    generate(tmp_path, ig=ig, ct=ct, datasets=["AE"], codelists=[])
    with pytest.raises(SpecError, match=r"AE\.AEXX: is not a variable of SDTMIG"):
        load_standard(tmp_path).variable("AE", "AEXX")
    with pytest.raises(SpecError, match=r"C404: codelist is not in the generated terminology"):
        load_standard(tmp_path).codelist("C404")


def test_a_dataset_may_have_the_study_days_of_the_model_after_its_own() -> None:
    spec = load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")
    start = spec.standard.variable("MH", "MHSTDY")
    assert (start.label, start.type, start.core) == ("Study Day of Start of Observation", "Num", "Perm")
    names = [name for name, _, _ in spec.ordered("MH")]
    assert names[names.index("MHENDTC") :] == ["MHENDTC", "MHSTDY", "MHENDY", "MHENRTPT", "MHENTPT"]
    with pytest.raises(SpecError, match="TSSTDY: is not a variable of SDTMIG"):
        spec.standard.variable("TS", "TSSTDY")
