"""What the reviewer's guide tells of the study as a whole: standards, plan, subjects, assumptions, mask, own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import polars as pl

from pipeline.documents.guide.facts import (
    UNTOLD,
    Arm,
    Assumption,
    Criterion,
    Extension,
    Masked,
    Parameter,
    Prose,
    StandardUse,
    Subjects,
    Trial,
    Visit,
)
from pipeline.emit.define.shapes import plain_numbers
from pipeline.emit.submitted import Submitted
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

Found = Mapping[str, Submitted]
_NO_DICTIONARY = "none"
_TRIAL_DESIGN = "TRIAL DESIGN"
_ENDED = "STUDY PARTICIPATION"
_PURPOSES = {"MedDRA": "Medical events dictionary", "WHODrug": "Medications dictionary"}
_OTHER = "Other standard"
_TERMINOLOGIES = ("CDISC CT", "ISO 8601")  # told on their own, or by the type of the variable


def standards_used(spec: StudySpec, found: Found) -> tuple[StandardUse, ...]:
    """Standards of the build, the dictionaries of its variables, and the references of the trial summary."""
    named = spec.study.standards
    model = [
        StandardUse("Tabulation datasets", "CDISC SDTM", named.sdtm),
        StandardUse("Tabulation datasets", "CDISC SDTMIG", named.sdtmig),
        StandardUse("Controlled terminology", "CDISC SDTM Controlled Terminology", named.terminology),
        StandardUse("Data definitions", "CDISC Define-XML", named.define),
        StandardUse("Data definitions", "CDISC Define-XML Controlled Terminology", named.define_terminology),
    ]
    return (*model, *_dictionaries(spec, found), *_references(found))


def _dictionaries(spec: StudySpec, found: Found) -> Iterator[StandardUse]:
    users: dict[str, list[str]] = {}
    for name, dataset in found.items():
        for variable in dataset.variables:
            if variable.spec.dictionary and variable.has_data:
                users.setdefault(variable.spec.dictionary, []).append(name)
    purposes = sorted(users, key=lambda name: (_PURPOSES.get(name, "~"), name))
    for name in purposes:
        version = getattr(spec.study.standards, name.lower(), "")
        if version != _NO_DICTIONARY:
            yield StandardUse(
                _PURPOSES.get(name, _OTHER), name, version, ", ".join(dict.fromkeys(users[name]))
            )


def _references(found: Found) -> Iterator[StandardUse]:
    """Reference terminologies of TS with the versions that it states."""
    if "TS" not in found:
        return
    named = pl.col("TSVCDREF")
    rows = _rows(found["TS"], "TSVCDREF", "TSVCDVER").filter(~named.is_in(_TERMINOLOGIES)).unique()
    for name, versions in (
        rows.group_by("TSVCDREF").agg(pl.col("TSVCDVER").drop_nulls()).sort("TSVCDREF").rows()
    ):
        yield StandardUse(_OTHER, name, ", ".join(sorted(versions)), "TS")


def _rows(found: Submitted, *columns: str) -> pl.DataFrame:
    """Columns of a small dataset; one that is not submitted is null, numbers are text."""
    present = found.records.collect_schema()
    wanted = (pl.col(name) if name in present else pl.lit(None, pl.String).alias(name) for name in columns)
    rows = found.records.select(wanted).collect()
    return rows.with_columns(plain_numbers(rows[n]) for n in columns if rows[n].dtype.is_numeric())


def trial_facts(spec: StudySpec, found: Found) -> Trial:
    """The plan of the trial design datasets that are submitted."""
    return Trial(
        arms=_arms(found["TA"]) if "TA" in found else (),
        visits=_visits(found["TV"]) if "TV" in found else (),
        criteria=_criteria(found["TI"]) if "TI" in found else (),
        without_value=_without_value(found["TS"]) if "TS" in found else (),
        computed=_computed(spec, found["TS"]) if "TS" in found else (),
    )


def _arms(found: Submitted) -> tuple[Arm, ...]:
    rows = _rows(found, "ARMCD", "ARM", "EPOCH", "ETCD", "ELEMENT").rows()
    grouped = groupby(rows, key=lambda row: row[:2])
    return tuple(Arm(code, name, tuple(row[2:] for row in elements)) for (code, name), elements in grouped)


def _visits(found: Submitted) -> tuple[Visit, ...]:
    rows = _rows(found, "VISITNUM", "VISIT", "VISITDY", "TVSTRL", "TVENRL").unique(maintain_order=True)
    return tuple(Visit(*row) for row in rows.fill_null("").rows())


def _criteria(found: Submitted) -> tuple[Criterion, ...]:
    """Inclusion criteria first, as in a protocol."""
    rows = _rows(found, "IETESTCD", "IETEST", "IECAT").unique(maintain_order=True).rows()
    return tuple(sorted((Criterion(*row) for row in rows), key=lambda each: each.category != "INCLUSION"))


def _without_value(found: Submitted) -> tuple[Parameter, ...]:
    rows = _rows(found, "TSPARMCD", "TSPARM", "TSVALNF").drop_nulls("TSVALNF")
    return tuple(Parameter(*row) for row in rows.rows())


def _computed(spec: StudySpec, found: Submitted) -> tuple[Parameter, ...]:
    """Parameters that the build computes, with a value; those without are told by their null flavor."""
    table = spec.table(found.dataset.table) if found.dataset.table else pl.DataFrame()
    if "calc" not in table.columns:
        return ()
    codes = table.drop_nulls("calc")["TSPARMCD"].unique()
    rows = _rows(found, "TSPARMCD", "TSPARM", "TSVAL").filter(pl.col("TSPARMCD").is_in(codes.implode()))
    return tuple(Parameter(*row) for row in rows.drop_nulls("TSVAL").rows())


def registries(found: Found) -> tuple[tuple[str, str], ...]:
    """(registry, number) of the trial summary."""
    if "TS" not in found:
        return ()
    rows = _rows(found["TS"], "TSPARMCD", "TSVCDREF", "TSVAL").filter(pl.col("TSPARMCD") == "REGID")
    return tuple((name or "", value) for _, name, value in rows.drop_nulls("TSVAL").rows())


def criteria_versions(found: Found) -> tuple[str, ...]:
    """TIVERS, each once; () without TI."""
    return tuple(_rows(found["TI"], "TIVERS")["TIVERS"].drop_nulls().unique().sort()) if "TI" in found else ()


def require_amendments(spec: StudySpec, versions: tuple[str, ...]) -> None:
    """Nothing, or BuildFailed if the study words other amendments than the versions of its criteria tell of."""
    if spec.guide is not None and set(spec.guide.amendments) != set(versions[1:]):
        culprit = "its amendments are not the versions of TI (TIVERS) after the first"
        raise BuildFailed("guide.yaml", culprit, "say under amendments what each later version changed")


def subject_facts(found: Found) -> Subjects:
    """What DM, DS and TS say about the subjects; all 0 without DM."""
    if "DM" not in found:
        return Subjects(0)
    rows = _rows(found["DM"], "USUBJID", "ARMNRS", "ACTARMCD", "RFXSTDTC", "DTHFL")
    armless = pl.col("ACTARMCD").is_null() & ("ACTARMCD" in found["DM"].records.collect_schema())
    unknown = pl.when(armless).then(pl.lit(UNTOLD)).otherwise(pl.lit(""))
    reasons = rows.group_by(pl.col("ARMNRS").fill_null(unknown)).len().sort("ARMNRS").rows()
    ended = None
    if "DS" in found:
        events = _rows(found["DS"], "USUBJID", "DSSCAT").filter(pl.col("DSSCAT") == _ENDED)
        ended = events["USUBJID"].n_unique()
    return Subjects(
        all=rows["USUBJID"].n_unique(),
        by_reason=tuple(reasons),
        treated=rows["RFXSTDTC"].drop_nulls().len(),
        ended=ended,
        died=rows.filter(pl.col("DTHFL") == "Y").height,
        ongoing=_ongoing(found),
    )


def _ongoing(found: Found) -> bool | None:
    if "TS" not in found:
        return None
    rows = _rows(found["TS"], "TSPARMCD", "TSVAL").filter(pl.col("TSPARMCD") == "ONGOSIND")
    return {"Y": True, "N": False}.get(rows["TSVAL"][0] or "") if rows.height else None


def assumptions(spec: StudySpec) -> tuple[Assumption, ...]:
    """Every setting of the study; those with a question first, in the order of the questions."""
    words = spec.guide.questions if spec.guide else {}
    told = [
        Assumption(name, each.meaning, each.value, each.question, words.get(each.question or "", ""))
        for name, each in spec.study.settings.items()
    ]
    return tuple(
        sorted(told, key=lambda each: (not each.question, len(each.question or ""), each.question or ""))
    )


def extensions(spec: StudySpec) -> tuple[Extension, ...]:
    """The study's additions to codelists."""
    lists = spec.standard.codelists
    return tuple(
        Extension(
            each.codelist, lists[each.codelist].name, lists[each.codelist].extensible, each.values, each.why
        )
        for each in spec.study.extensions
    )


def masked_variables(spec: StudySpec, found: Found) -> tuple[Masked, ...]:
    """What a blinded build may hold in the variables that would unblind, for subjects' datasets."""
    if spec.blinding is None:
        return ()
    only = spec.blinding.leaks.only
    return tuple(
        Masked(f"{name}.{each.name}", ", ".join(only[each.name]))
        for name, dataset in found.items()
        if dataset.dataset.class_ != _TRIAL_DESIGN
        for each in dataset.variables
        if each.name in only
    )


def prose(spec: StudySpec) -> Prose:
    """The study's own words; a Prose of None without ``guide.yaml``."""
    guide = spec.guide
    if guide is None:
        return Prose()
    told = guide.overview
    return Prose(
        acronyms=tuple(guide.acronyms.items()),
        amendments=tuple(guide.amendments.items()),
        versions=guide.versions,
        design=guide.design,
        screen_failures=told.screen_failures,
        subset=told.subset,
        analysis=(told.analysis.answer, told.analysis.text),
        adjudication=(told.adjudication.answer, told.adjudication.text),
        more=told.more,
        annotated_crf=guide.annotated_crf,
        criteria=guide.criteria,
        masking=guide.masking,
        conformance=guide.conformance,
        anticipated=tuple((each.rule, each.about, each.why) for each in guide.anticipated),
        without_version=tuple(guide.without_version.items()),
        decisions=tuple((each.about, each.decision) for each in guide.decisions),
    )
