"""Every derived variable of the specification leads to all that its sentence names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipeline.flow.context import study_parts
from pipeline.flow.trace import ledger_of
from pipeline.lineage.ledger import Ledger
from pipeline.lineage.record import trace_record
from pipeline.lineage.told import Value
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build
from tests.pipeline.test_trace import cells, numbered, one, value

# What the sentences name: variables, moments, delivered columns, datasets and tables. ``--`` is the dataset.
EVERYWHERE = {
    "USUBJID": "SUBJID",
    "EPOCH": "SE",
    "VISITNUM": "visits",
    "VISIT": "visits VISITNUM",
    "VISITDY": "visits VISITNUM",
    "--STDY": "RFXSTDTC --STDTC",
    "--ENDY": "RFXSTDTC --ENDTC",
    "--DY": "RFXSTDTC --DTC",
    "--LOBXFL": "RFXSTDTC --DTC --STRESC",
    "--STRESN": "--STRESC",
    "--REFID": "ACCESSN",
    "--STNRLO": "REFLO UNIT lab_units",
    "--STNRHI": "REFHI UNIT",
    "--LOINC": "LOINC",
    "--NAM": "LABNAM",
    "--FAST": "FAST",
    "--ORNRLO": "REFLO",
    "--ORNRHI": "REFHI",
    "--ORRESU": "",
    "--ANMETH": "METHOD lab_methods",
    "--LOC": "mk_items",
    "--LAT": "mk_items",
    "--SCAT": "qs_items",
    "--METHOD": "",
    "--EVLINT": "qs_items",
}
NAMED = {
    "AE.EPOCH": "SE AESTDTC AEPRE",
    "AE.AEENRTPT": "AEONGO",
    "AE.AEENTPT": "AEONGO LASTDTC ENDDTC",
    "CM.CMCAT": "CMENDTC RFICDTC CMCLASCD medication_categories",
    "CM.CMDOSE": "CMDOSE",
    "CM.CMDOSTXT": "CMDOSE",
    "CM.CMDOSFRQ": "CMDOSFRQ codemaps",
    "CM.CMRSDISC": "CMREAS codemaps",
    "CO.RDOMAIN": "COFORM CORECORDID",
    "CO.IDVARVAL": "COFORM CORECORDID",
    "CO.COVAL": "COVAL",
    "DM.RFSTDTC": "ECSTDAT ECSTTIM",
    "DM.RFXSTDTC": "ECSTDAT ECSTTIM",
    "DM.RFXENDTC": "ECENDAT ECENTIM",
    "DM.RFICDTC": "ICDAT",
    "DM.RFENDTC": "DSEOSDAT RANDOMIZED",
    "DM.RFPENDTC": "ENDDTC DTHDTC",
    "DM.DTHDTC": "DTHDAT",
    "DM.DTHFL": "DTHDTC",
    "DM.AGE": "RFICDTC BRTHDAT",
    "DM.RACE": "codemaps",
    "DM.ARMCD": "RANDOMIZED",
    "DM.ARM": "RANDOMIZED",
    "DM.ACTARMCD": "RANDOMIZED RFXSTDTC",
    "DM.ACTARM": "RANDOMIZED RFXSTDTC",
    "DM.ARMNRS": "RANDOMIZED RFXSTDTC",
    "LB.LBSTRESC": "LBORRES LBORRESU RESULT lab_tests",
    "LB.LBNRIND": "LBORRES LBORNRLO LBORNRHI",
    "LB.LBSTRESU": "lab_tests",
    "LB.LBTESTCD": "LABTESTCD SPECIMEN lab_tests",
    "LB.LBDTC": "COLLDT COLLTM",
    "IS.ISLLOQ": "LLOQ UNIT",
    "IS.ISSTRESC": "ISORRES RESULT lab_tests",
    "MB.MBSTRESC": "MBORRES RESULT lab_tests",
    "MK.MKSTRESC": "MKORRES",
    "MK.MKTESTCD": "mk_items",
    "QS.QSTESTCD": "qs_items",
    "QS.QSSTRESC": "QSORRES qs_items",
    "QS.QSREASND": "qs_items",
    "QS.QSMETHOD": "qs_items",
    "RS.RSTESTCD": "rs_items",
    "RS.RSEVAL": "rs_items",
    "RS.RSSTRESC": "RSORRES",
    "RS.RSSTAT": "rs_items",
    "SE.ETCD": "SESTDTC",
    "SE.ELEMENT": "SESTDTC",
    "SE.TAETORD": "SESTDTC",
    "SE.EPOCH": "SESTDTC",
    "SE.SESTDTC": "ICDAT ECSTDAT",
    "SE.SEENDTC": "ECSTDAT",
    "SV.SVPRESP": "VISITNUM VISITOID",
    "SV.SVOCCUR": "SVPERF",
    "SV.SVSTDTC": "RFICDTC",
    "TS.TSVAL": "ts",
    "VS.VSSTRESC": "VSORRES",
    "VS.VSDRVFL": "VS WEIGHT HEIGHT",
    "VS.VSRFTDTC": "RFXSTDTC VSTPT",
    "RELREC.RDOMAIN": "AE",
    "RELREC.IDVARVAL": "AENO",
    "SUPPAE.AETRTEM": "AESTDTC AESTDAT RFXSTDTC ECSTDAT ECSTTIM AEPRE",
    "SUPPDM.RACE1": "RACE_WHITE RACE_BLACK",
    "SUPPDM.RACE2": "RACE_WHITE RACE_BLACK",
}
_SAMPLES = 3


@pytest.fixture(scope="module")
def ledger(home: Path, night: Build) -> Ledger:
    return ledger_of(night, study_parts(Settings(home=home)))


def names(one: Value) -> set[str]:
    """Whatever the trace leads to, by name."""
    moments = [(each.name, *(cell.cell.column for cell in each.sources)) for each in one.moments]
    return {
        *(each.cell.column for each in one.sources),
        *(step.what for step in one.steps),
        *(name for each in moments for name in each),
        *(each.dataset for each in one.records),
        *(each.table.removeprefix("tables/").removesuffix(".csv") for each in one.tables),
    }


def wanted(dataset: str, variable: str) -> set[str]:
    general = f"--{variable.removeprefix(dataset)}"
    said = NAMED.get(f"{dataset}.{variable}", EVERYWHERE.get(variable, EVERYWHERE.get(general, "")))
    return set(said.replace("--", dataset).split())


def sampled(ledger: Ledger, build: Build) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Dataset, variable or qualifier, and a few of the records that have it, far from each other."""
    for name in ledger.datasets:
        spec = ledger.dataset(name)
        records = build.read("sdtm", name.lower()).collect()
        records = records.with_row_index("seq", offset=1) if spec.table else numbered(build, name.lower())
        if name.startswith("SUPP"):
            for (qualifier,), rows in records.partition_by("QNAM", as_dict=True).items():
                yield name, str(qualifier), rows
            continue
        for variable, verb in spec.variables.items():
            filled = records.filter(pl.col(variable).is_not_null())
            if "USUBJID" in filled.columns:
                filled = filled.drop_nulls("USUBJID")
            if verb.derived is not None and wanted(name, variable) and filled.height:
                yield name, variable, filled


def test_a_derived_value_leads_to_all_that_its_sentence_names(ledger: Ledger, night: Build) -> None:
    missing, met = {}, set()
    for name, variable, rows in sampled(ledger, night):
        met.add(f"{name}.{variable}")
        column = "QVAL" if name.startswith("SUPP") else variable
        found: set[str] = set()
        for row in rows.gather_every(max(1, rows.height // _SAMPLES)).iter_rows(named=True):
            (told,) = trace_record(ledger, name, row.get("USUBJID"), row["seq"], column).values
            found |= names(told)
        if lost := wanted(name, variable) - found:
            missing[f"{name}.{variable}"] = sorted(lost)
    assert missing == {}
    assert len(met) > 150


def test_every_qualifier_that_code_makes_is_among_the_expected(ledger: Ledger) -> None:
    made = {
        f"SUPP{name}.{qualifier}"
        for name in ledger.datasets
        for qualifier, verb in ledger.dataset(name).supplements.items()
        if not any((verb.take, verb.code, verb.lookup, verb.date, verb.const))
    }
    assert made - {f"SUPPDM.RACE{number}" for number in (3, 4, 5, 6)} == {
        name for name in NAMED if name.startswith("SUPP")
    }


def test_treatment_emergence_leads_to_both_dates_and_to_no_dictionary(ledger: Ledger, night: Build) -> None:
    at = one(night, "suppae", pl.col("QNAM") == "AETRTEM", pl.col("QVAL") == "Y")
    trace = trace_record(ledger, "SUPPAE", *at, "QVAL")
    (told,) = trace.values
    assert (
        {each.place.source for each in told.sources} == {row.place.source for row in trace.rows} == {"edc_ae"}
    )
    (infusion,) = told.moments
    assert {"AESTDAT", *cells(infusion.sources)} <= names(told)
    assert "stays empty" not in told.spec.sentence


def test_a_coded_term_leads_to_the_verbatim_and_to_the_join(ledger: Ledger, night: Build) -> None:
    told = value(ledger, "AE", one(night, "ae", pl.col("AEDECOD").is_not_null()), "AEDECOD")
    found = {(each.place.source, each.cell.column): each.by for each in told.sources}
    assert found["edc_ae", "AETERM"] == "verbatim"
    for source in ("edc_ae", "coding_meddra"):
        assert found[source, "RECORDID"] == found[source, "RECVERSION"] == "join key"
    assert not {"RECORDID as delivered", "STATUS as delivered"} & {step.what for step in told.steps}
