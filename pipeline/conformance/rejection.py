"""What an agency's gateway rejects a submission for, whoever reviews it.

Sources: FDA, "Technical Rejection Criteria for Study Data" (eCTD validation criteria 1734, 1735, 1736, 1789, all of
high severity); the rules of severity "Reject" of Pinnacle 21 (SD and DD numbers). A draft is never filed: what
concerns its study tagging file is not asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from pipeline.conformance.facts import PackageFacts, TaggedFacts
from pipeline.conformance.rules import Found, Rule

DATASET_TAG, DEFINE_TAG = "data-tabulation-dataset-sdtm", "data-tabulation-data-definition"
TRIAL_SUMMARY, DEMOGRAPHICS, START, DEFINE = "TS", "DM", "SSTDTC", "define.xml"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _start_and_study(facts: PackageFacts) -> Iterator[Found]:
    yield from _summary_there(facts)
    yield from _start_there(facts)
    yield from _start_whole(facts)
    summary = facts.dataset(TRIAL_SUMMARY)
    if summary is not None and facts.tagged is not None and summary.studies != (facts.tagged.study,):
        yield Found(TRIAL_SUMMARY, "STUDYID is not the study-id of the study tagging file", ("STUDYID",))


def _tagged(facts: PackageFacts) -> Iterator[Found]:
    if facts.tagged is None:
        yield Found("STF", "there is no study tagging file")
        return
    for file in facts.files:
        wanted = _tag(file.name)
        if wanted and facts.tagged.tags.get(file.path) != wanted:
            yield Found(file.name, f"is not tagged as {wanted}")


def _tag(name: str) -> str | None:
    return DATASET_TAG if name.endswith(".xpt") else DEFINE_TAG if name == DEFINE else None


def _subjects_and_define(facts: PackageFacts) -> Iterator[Found]:
    yield from _subjects_there(facts)
    yield from _define_there(facts)


def _all_in_study(facts: PackageFacts) -> Iterator[Found]:
    tagged = facts.tagged or TaggedFacts("", "", {})
    for file in facts.files:
        if file.path not in (tagged.path, *tagged.tags):
            yield Found(file.name, "lies in a section of studies and no study tagging file lists it")


def _summary_there(facts: PackageFacts) -> Iterator[Found]:
    if facts.dataset(TRIAL_SUMMARY) is None:
        yield Found(TRIAL_SUMMARY, "the dataset is missing")


def _subjects_there(facts: PackageFacts) -> Iterator[Found]:
    if facts.dataset(DEMOGRAPHICS) is None:
        yield Found(DEMOGRAPHICS, "the dataset is missing")


def _define_there(facts: PackageFacts) -> Iterator[Found]:
    if f"{facts.data}/{DEFINE}" not in {file.path for file in facts.files}:
        yield Found("DEFINE", f"{DEFINE} is missing")


def _start_there(facts: PackageFacts) -> Iterator[Found]:
    if facts.dataset(TRIAL_SUMMARY) is not None and not facts.starts:
        yield Found(TRIAL_SUMMARY, f"there is no record with TSPARMCD {START}", ("TSPARMCD",))


def _start_whole(facts: PackageFacts) -> Iterator[Found]:
    if any(not _is_day(each) for each in facts.starts):
        yield Found(TRIAL_SUMMARY, f"TSVAL of {START} is not a complete date", ("TSVAL",))


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _readable(facts: PackageFacts) -> Iterator[Found]:
    for path in facts.unreadable:
        yield Found(path.rsplit("/", 1)[-1], "cannot be read as a SAS V5 transport file")


def _one_study(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if each.studies != (facts.study,):
            yield Found(each.name, "STUDYID is not the study's identifier on every record", ("STUDYID",))


REJECTED = (
    Rule(
        "1734",
        "TS gives the study start as a complete date, and its STUDYID is that of the STF",
        _start_and_study,
    ),
    Rule("1735", "each dataset and define.xml has its file-tag in the STF", _tagged, filed=True),
    Rule("1736", "DM and define.xml are there", _subjects_and_define),
    Rule("1789", "every file in a section of studies is listed in an STF", _all_in_study, filed=True),
    Rule("SD1115", "TS is there", _summary_there),
    Rule("SD2232", "TS has a record of SSTDTC", _start_there),
    Rule("SD2247", "SSTDTC is a complete date in ISO 8601", _start_whole),
    Rule("SD1020", "DM is there", _subjects_there),
    Rule("DD0101", "define.xml is there", _define_there),
    Rule("SD0062", "every transport file can be read", _readable),
    Rule("SD1005", "STUDYID is the study's everywhere", _one_study),
)
