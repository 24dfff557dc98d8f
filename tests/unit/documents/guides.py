"""A small guide: facts that a test changes, and what a reader finds in its pages."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader

from pipeline.documents.guide.conformance_facts import Conformance, Issue, OwnCheck
from pipeline.documents.guide.facts import (
    Arm,
    Assumption,
    Count,
    Criterion,
    DatasetFacts,
    GuideFacts,
    Masked,
    Prose,
    Qualifier,
    Source,
    StandardUse,
    Subjects,
    Trial,
)

CHECKED = Conformance(
    engine="Some engine",
    version="1.2",
    rules="rules of SDTMIG 3.4",
    terminology="2025-03-28",
    define=True,
    outcomes=(("no issue", 7), ("issues", 2)),
    issues=(
        Issue("RULE-2", "DM", ("RACE",), "RACE is not in the list", 3),
        Issue("RULE-1", "DM", ("AGE",), "AGE is odd", 1, "Ages are as collected"),
    ),
    checks=(OwnCheck("OWN-1", "DM is there", "passed"),),
)


def facts(**changed: object) -> GuideFacts:
    """A study with one subject dataset, its supplement and one trial design dataset."""
    told: dict[str, object] = {
        "source": Source(
            "S-1", "Title of S-1", "An invented trial", "Nobody", "BLINDED", True, "2027-01-31", "b1", "d1"
        ),
        "prose": Prose(
            acronyms=(("ZZ", "Last of all"),),
            versions="One version.",
            design="Parallel & <simple>.",
            screen_failures="Kept.",
            subset="All of it.",
            analysis=("Yes", "See elsewhere."),
            adjudication=("No", ""),
            more="- one thing\n- another thing",
            annotated_crf="One page a form.",
            masking="Arms are masked.",
            conformance="Nothing else.",
            decisions=(("Race", "Stays as collected."),),
        ),
        "standards": (StandardUse("Tabulation datasets", "CDISC SDTM", "2.0"),),
        "trial": Trial(
            arms=(Arm("A", "Arm A", (("SCREENING", "SCR", "Screening"), ("TREATMENT", "A", "A"))),),
            criteria=(
                Criterion("INCL01", "Adult, weight <= 120 kg", "INCLUSION"),
                Criterion("EXCL01", "Pregnant", "EXCLUSION"),
            ),
        ),
        "subjects": Subjects(4, (("", 3), ("SCREEN FAILURE", 1)), treated=3, ended=1, died=0, ongoing=True),
        "datasets": (trial_design(), demographics()),
        "absent": (("IE", "Inclusion/Exclusion Criteria Not Met"),),
        "conformance": CHECKED,
        "assumptions": (
            Assumption("limit", "No more than this", "7"),
            Assumption("rule", "Either will do", "EITHER", "Q3", "One or both?"),
        ),
        "masked": (Masked("DM.ARM", "Masked"),),
        "withheld": ("Key",),
    }
    return GuideFacts(**{**told, **changed})  # type: ignore[arg-type]


def trial_design() -> DatasetFacts:
    return DatasetFacts(
        "TI", "Criteria", "TRIAL DESIGN", "One record a criterion", ("IETESTCD",), 2, None, ("other",), ""
    )


def demographics() -> DatasetFacts:
    return DatasetFacts(
        name="DM",
        label="Demographics",
        class_="SPECIAL PURPOSE",
        structure="One record per subject",
        keys=("STUDYID", "USUBJID"),
        records=4,
        subjects=4,
        uses=("safety",),
        note="The plan is in TI, and TI.IETEST has the texts.",
        counted_by=("SEX",),
        counts=(Count(("F",), 1, 1), Count(("M",), 3, 3)),
        supplement="SUPPDM",
        supplement_records=2,
        qualifiers=(
            Qualifier("COHORT", "Cohort", "Assigned", "The cohort", 2, 2),
            Qualifier("NONE", "None", "", "", 0, 0),
        ),
        without_data=(("DTHDTC", "Nobody died"),),
    )


def pages(octets: bytes) -> list[str]:
    """The text of every page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(octets)).pages]


def whole(octets: bytes) -> str:
    """The text of the document without the edges of its pages."""
    return " ".join(pages(octets))
