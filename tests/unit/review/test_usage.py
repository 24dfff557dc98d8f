"""Which columns the specification uses, and in which way."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.review.usage import usage
from pipeline.review.use import Role, Use
from tests.unit.review.spoiled import DELIVERED, SPEC, with_dataset, without_dataset, without_variables

USES = usage(SPEC, DELIVERED)


def targets(source, column, role, uses=USES):
    return [use.target for use in uses.get((source, column), ()) if use.role is role]


@pytest.mark.parametrize(
    ("source", "column", "role", "target"),
    [
        ("edc_ae", "AETERM", Role.FILLS, "AE.AETERM"),  # take
        ("edc_ae", "AEREL", Role.FILLS, "AE.AEREL"),  # code
        ("edc_ae", "AESTTIM", Role.FILLS, "AE.AESTDTC"),  # time of a date
        ("edc_ie", "IETESTCD", Role.FILLS, "IE.IETEST"),  # by of a lookup
        ("coding_meddra", "PT", Role.FILLS, "AE.AEDECOD"),  # column of a join
        ("edc_ae", "AESI", Role.FILLS, "AE.AEAESI"),  # supplemental qualifier
        ("edc_dseos", "DSEOSTERM", Role.FILLS, "DS.DSTERM"),  # a verb of one part only
        ("edc_vs", "VSTPT", Role.DERIVES, "VS"),  # uses that no variable is made of
        ("edc_ae", "AEONGO", Role.DERIVES, "AE.AEENRTPT"),  # uses that a variable is made of
        ("edc_ae", "AEPRE", Role.DERIVES, "AE.AETRTEM"),  # ... that a qualifier is made of
        ("edc_co", "COVAL", Role.DERIVES, "CO.COVAL"),  # uses of a source that is only read
        ("edc_dm", "RACE_ASIAN", Role.DERIVES, "DM.RACE"),  # a box to tick
        ("edc_dm", "RACE_ASIAN", Role.DERIVES, "DM.RACE6"),  # ... that a qualifier is made of
        ("edc_haq", "HAQ46", Role.FILLS, "QS.QSORRES"),  # item
        ("edc_ptga", "PTGAU", Role.FILLS, "QS.QSORRESU"),  # unit_from
        ("edc_jc28", "RSH_NER", Role.FILLS, "MK.MKREASND"),  # reason_from
        ("edc_haq", "HAQ17", Role.DECIDES, "QS"),  # shown_if
        ("edc_haq", "HAQPERF", Role.DECIDES, "QS.QSSTAT"),  # performed
        ("edc_haq", "HAQREASND", Role.FILLS, "QS.QSREASND"),  # reason
        ("edc_rand", "RANDYN", Role.DECIDES, "DS"),  # where
        ("coding_meddra", "STATUS", Role.DECIDES, "AE"),  # where of a join
        ("coding_meddra", "RECVERSION", Role.IDENTIFIES, "AE"),  # on of a join
        ("edc_dsic", "ICTIM", Role.DERIVES, "DM.RFICDTC"),  # reference moment
        ("edc_cmra", "CMRESC", Role.DECIDES, "SE.SESTDTC"),  # where of a reference moment
        ("edc_vs", "VSDAT", Role.DERIVES, "SV.SVSTDTC"),  # date of a visit
        ("lab_results", "RESULT", Role.FILLS, "LB.LBORRES"),  # role of the laboratory
        ("lab_results", "LLOQ", Role.FILLS, "IS.ISLLOQ"),
        ("edc_lbc", "LBREASND", Role.FILLS, "LB.LBREASND"),  # role of its form
        ("edc_upt", "UPTRES", Role.FILLS, "LB.LBORRES"),  # role of the site's own test
        ("edc_ae", "AENO", Role.DERIVES, "RELREC"),  # relation
        ("edc_cm", "CMAENO", Role.DERIVES, "RELREC"),  # other end of a relation
        ("edc_dm", "BRTHDAT", Role.DERIVES, "LB"),  # filtration rate
        ("edc_ae", "RECSTATUS", Role.DECIDES, "every record"),
        ("edc_ae", "SITEID", Role.IDENTIFIES, "every record"),
        ("rtsm_unblinding_key", "ARMCD", Role.UNBLINDS, "unblinded builds"),
    ],
)
def test_every_way_of_naming_a_column_is_a_use(source, column, role, target):
    assert target in targets(source, column, role)


def test_a_role_of_the_laboratory_fills_only_variables_that_the_dataset_has():
    assert targets("lab_results", "FAST", Role.FILLS) == ["LB.LBFAST"]
    spec = without_variables("LB", "LBFAST")
    assert targets("lab_results", "FAST", Role.FILLS, usage(spec, DELIVERED)) == []


def test_verbs_do_not_reach_rows_that_the_laboratory_roles_fill():
    changed = {**SPEC.dataset("LB").variables, "LBNAM": SPEC.dataset("DM").variables["SITEID"]}
    uses = usage(with_dataset("LB", variables=changed), DELIVERED)
    assert "LB.LBNAM" not in targets("lab_results", "SITEID", Role.FILLS, uses)


def test_items_of_another_source_are_not_uses_of_this_one():
    rows = SPEC.table("qs_items").filter(pl.col("source") == "edc_ptga")["column"].to_list()
    assert all(("edc_haq", column) not in USES for column in rows)


def test_identity_columns_count_only_for_files_that_anything_else_is_used_of():
    uses = usage(without_dataset("DV"), DELIVERED)
    assert not [place for place in uses if place[0] == "edc_dv"]
    assert targets("edc_dv", "SUBJID", Role.IDENTIFIES)


def test_a_use_stands_once_however_often_it_is_named():
    for found in USES.values():
        assert len(set(found)) == len(found)
        assert all(isinstance(use, Use) for use in found)
