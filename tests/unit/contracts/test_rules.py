"""Every kind of breach sets the row aside under its own rule; what the kind allows passes."""

from __future__ import annotations

import pytest

from tests.unit.contracts.frames import broken_rules, checked

BREACHES = [
    ("edc_ae", {"AETERM": ""}, "AETERM.required"),
    ("edc_ae", {"AETERM": "\t "}, "AETERM.required"),
    ("edc_ae", {"AETERM": "x" * 201}, "AETERM.length"),
    ("edc_ae", {"AETERM": "caf\u00e9"}, "AETERM.ascii"),
    ("edc_ae", {"AESTDAT": "31-APR-2027"}, "AESTDAT.date"),
    ("edc_ae", {"AESTDAT": "05-MAR-27"}, "AESTDAT.date"),
    ("edc_ae", {"AESTDAT": "2027-03-05"}, "AESTDAT.date"),
    ("edc_ae", {"AESTDAT": "UN-MAR-UNK"}, "AESTDAT.date"),
    ("edc_ae", {"AESTDAT": "01-JUL-2027"}, "AESTDAT.after_cut"),
    ("edc_ae", {"AESTDAT": "UN-JUL-2027"}, "AESTDAT.after_cut"),
    ("edc_ae", {"AESTTIM": "25:00"}, "AESTTIM.time"),
    ("edc_ae", {"AESTTIM": "0930"}, "AESTTIM.time"),
    ("edc_ae", {"AENO": "1.0"}, "AENO.form"),
    ("edc_ae", {"AENO": "0"}, "AENO.range"),
    ("edc_ae", {"AESDTH": "Y"}, "AESDTH.code"),
    ("edc_ae", {"AEREL": "XX", "AEREL_DEC": ""}, "AEREL.code"),
    ("edc_ae", {"AEREL": "nr", "AEREL_DEC": "Not related"}, "AEREL.code"),
    ("edc_ae", {"AEREL": "NR", "AEREL_DEC": "Related"}, "AEREL_DEC.decode"),
    ("edc_ae", {"AEREL": "NR", "AEREL_DEC": ""}, "AEREL_DEC.decode"),
    ("edc_ae", {"AEREL": "", "AEREL_DEC": "Not related"}, "AEREL_DEC.decode"),
    ("edc_ae", {"STUDYID": "OTHER"}, "STUDYID.code"),
    ("edc_ae", {"SUBJID": "101-0001"}, "SUBJID.identity"),
    ("edc_ae", {"SUBJID": ""}, "SUBJID.required"),
    ("edc_ae", {"SITEID": "102"}, "SITEID.contradiction"),
    ("edc_ae", {"SITEID": "A1"}, "SITEID.identity"),
    ("edc_ae", {"MODIFIEDTS": "2027-03-05 09:30:00"}, "MODIFIEDTS.timestamp"),
    ("edc_ae", {"MODIFIEDTS": "2027-02-30T09:30:00Z"}, "MODIFIEDTS.timestamp"),
    ("edc_ae", {"MODIFIEDTS": "2027-02-03T09:30:61Z"}, "MODIFIEDTS.timestamp"),
    ("edc_racc", {"RACCA": "6"}, "RACCA.range"),
    ("edc_racc", {"RACCA": "-1"}, "RACCA.range"),
    ("edc_vs", {"SYSBP": "12O"}, "SYSBP.form"),
    ("edc_vs", {"TEMP": "36,6"}, "TEMP.form"),
    ("edc_jc28", {"LPIP5_S": "2"}, "LPIP5_S.code"),
    ("edc_haq", {"HAQ01": "some"}, "HAQ01.form"),
    ("lab_results", {"COLLDT": "45678"}, "COLLDT.date"),
    ("lab_results", {"COLLDT": "03/05/2027"}, "COLLDT.date"),
    ("lab_results", {"COLLDT": "2027-03-05"}, "COLLDT.date"),
    ("lab_results", {"COLLDT": "20270701"}, "COLLDT.after_cut"),
    ("lab_results", {"COLLTM": "2460"}, "COLLTM.time"),
    ("lab_results", {"RPTDT": "20270306T2460"}, "RPTDT.date"),
    ("lab_results", {"RPTDT": "20270306 1015"}, "RPTDT.date"),
    ("lab_results", {"RPTDT": "01JUL2027T0001"}, "RPTDT.after_cut"),
    ("lab_results", {"RSTAT": ""}, "RSTAT.required"),
    ("lab_results", {"RSTAT": "f"}, "RSTAT.code"),
    ("lab_results", {"REVNO": "one"}, "REVNO.form"),
    ("lab_results", {"BRTHYR": "70"}, "BRTHYR.form"),
    ("lab_results", {"LLOQ": "-0.5"}, "LLOQ.range"),
    ("lab_results", {"ACCESSN": ""}, "ACCESSN.required"),
    ("rtsm_assign", {"RANDDT": "2027-03-05"}, "RANDDT.timestamp"),
    ("rtsm_assign", {"COHORT": "3"}, "COHORT.code"),
    ("rtsm_sites", {"TZ": "EST5"}, "TZ.form"),
    ("rtsm_product_release", {"VIABILITY_PCT": "100.1"}, "VIABILITY_PCT.range"),
    ("coding_meddra", {"PTCD": "ten"}, "PTCD.form"),
]


@pytest.mark.parametrize(("source", "spoiled", "rule"), BREACHES)
def test_a_breach_sets_the_row_aside_under_its_rule(source, spoiled, rule):
    outcome = checked(source, {}, spoiled) if source != "rtsm_sites" else checked(source, spoiled)
    line = outcome.counts.delivered + 1
    assert broken_rules(outcome) == [(line, f"{source}.{rule}")]
    assert outcome.quarantined["_line"].to_list() == [line]


ALLOWED = [
    ("edc_ae", {"AETERM": "x" * 200}),
    ("edc_ae", {"AESTDAT": "UN-MAR-2027"}),
    ("edc_ae", {"AESTDAT": "UN-UNK-2027"}),
    ("edc_ae", {"AESTDAT": "UN-JUN-2027"}),  # may lie before the cut
    ("edc_ae", {"AESTDAT": "30-JUN-2027"}),  # the cut itself
    ("edc_ae", {"AESTTIM": "UN:UN"}),
    ("edc_ae", {"AEREL": "", "AEREL_DEC": ""}),
    ("edc_ae", {"AEREL": "RE", "AEREL_DEC": "Related"}),
    ("edc_ae", {"AESDTH": ""}),
    ("edc_ae", {"MODIFIEDTS": "2027-09-05T09:30Z"}),  # audit times are not bound by the cut
    ("edc_co", {"COVAL": "x" * 2000}),
    ("edc_haq", {"HAQ01": "4"}),  # a finding of the study's checks, not a quarantine (dirt 18)
    ("edc_haq", {"HAQ46": "101"}),
    ("edc_ptga", {"PTGAVAS": "104.5"}),
    ("edc_jc28", {"RSH_T": "NE", "RSH_NER": ""}),
    ("edc_racc", {"RACCA": "0"}),
    ("lab_results", {"COLLDT": "05MAR2027"}),
    ("lab_results", {"RPTDT": "14OCT2026T1030"}),
    ("lab_results", {"RPTDT": "14OCT2026"}),
    ("lab_results", {"RESULT": "<0.5", "UNIT": ""}),
    ("lab_results", {"STUDYID": "BXU001RA"}),
    ("lab_results", {"LLOQ": "0.000"}),
    ("lab_results", {"SITEID": ""}),
    ("rtsm_product_release", {"VIABILITY_PCT": "100"}),
]


@pytest.mark.parametrize(("source", "row"), ALLOWED)
def test_what_the_contract_allows_is_accepted(source, row):
    outcome = checked(source, row)
    assert broken_rules(outcome) == []
    assert outcome.counts.accepted == 1


def test_a_range_is_exact_where_floats_are_not():
    outcome = checked("rtsm_product_release", {"VIABILITY_PCT": "100.000000000001"}, {"BAGNO": "B"})
    assert broken_rules(outcome) == [(2, "rtsm_product_release.VIABILITY_PCT.range")]
