"""The contents of define.xml as odmlib's Define-XML 2.1 model: what the package holds and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.choices import choice_levels, has_choices
from pipeline.emit.define.codelists import TERMINOLOGY, CodeLists
from pipeline.emit.define.exceptions import exception_levels
from pipeline.emit.define.levels import Level, qualifier_levels
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.lists import list_of, split_lists
from pipeline.emit.define.methods import MethodBook
from pipeline.emit.define.papers import Pages, Papers
from pipeline.emit.define.parts import GUIDE, Parts
from pipeline.emit.define.results import result_levels
from pipeline.emit.define.shapes import Shape
from pipeline.emit.define.trial_summary import summary_levels
from pipeline.emit.define.variables import described_variable
from pipeline.emit.define.words import described
from pipeline.emit.marking import BLINDED, marking
from pipeline.emit.submitted import Submitted
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

# Order of the classes in define.xml (Define-XML 2.1, ItemGroupDef).
_CLASSES = (
    "TRIAL DESIGN",
    "SPECIAL PURPOSE",
    "INTERVENTIONS",
    "EVENTS",
    "FINDINGS",
    "FINDINGS ABOUT",
    "RELATIONSHIP",
    "STUDY REFERENCE",
)
_SUBJECT = ("STUDYID", "USUBJID")


def in_define_order(found: Sequence[Submitted]) -> list[Submitted]:
    """The datasets by class, then in the order given. Raises BuildFailed for an unknown class."""
    for each in found:
        if each.dataset.class_ not in _CLASSES:
            culprit = "its class is not one of Define-XML"
            raise BuildFailed(each.name, culprit, "correct the class in the specification")
    return sorted(found, key=lambda each: _CLASSES.index(each.dataset.class_))


def define_model(
    spec: StudySpec,
    found: Sequence[Submitted],
    *,
    cut: date,
    mode: str,
    facts: Mapping[str, str],
    pages: Pages = MappingProxyType({}),
    guide: bool = False,
) -> odm.ODM:
    """The whole document for the submitted datasets; depends on its arguments only.

    ``facts`` gives the id of the build for FileOID (``build``); the times are the data cut. ``pages`` are the
    annotations of acrf.pdf by variable, none if there is no such document; ``guide`` says that csdrg.pdf lies
    beside it.
    """
    study, mark = spec.study, marking(mode)
    moment = f"{cut.isoformat()}T00:00:00"
    root = odm.ODM(
        FileType="Snapshot",
        FileOID=".".join(filter(None, ["DEFINE", study.study, mode, facts.get("build")])),
        CreationDateTime=moment,
        AsOfDateTime=moment,
        ODMVersion="1.3.2",
        Originator=study.sponsor,
        SourceSystem="sdtm-pipeline",
        Context="Submission",
    )
    told = ": ".join(filter(None, [mark, study.title]))
    root.Study = odm.Study(
        OID=f"STUDY.{study.study}",
        GlobalVariables=odm.GlobalVariables(
            StudyName=odm.StudyName(_content=study.study),
            StudyDescription=odm.StudyDescription(_content=told),
            ProtocolName=odm.ProtocolName(_content=study.study),
        ),
        MetaDataVersion=_version(spec, in_define_order(found), mode, Papers(pages, guide=guide)),
    )
    return root


def _version(spec: StudySpec, found: Sequence[Submitted], mode: str, papers: Papers) -> odm.MetaDataVersion:
    study, parts, lists = spec.study, Parts(MethodBook(spec.methods), papers), CodeLists(spec)
    version = odm.MetaDataVersion(
        OID=f"MDV.{study.study}.SDTMIG.{study.standards.sdtmig}",
        Name=f"Study {study.study}, Data Definitions",
        Description=f"Data definitions of study {study.study}, SDTMIG {study.standards.sdtmig}",
        DefineVersion=study.standards.define,
        Standards=_standards(spec),
    )
    if mark := marking(mode):
        masked = " Treatment is masked." if mode == BLINDED else ""
        version.CommentOID = parts.comment("MDV", f"{mark}: not for submission.{masked}")
    chosen = _chosen_lists(spec, found, lists)
    for each in found:
        version.ItemGroupDef.append(_group(each, parts, chosen, lists, _common_shapes(found)))
    reasons = {oid: parts.comment(oid, reason) for oid, reason in lists.extensions().items()}
    version.ValueListDef = parts.values
    version.WhereClauseDef = list(parts.wheres.values())
    version.ItemDef = parts.items
    version.CodeList = lists.elements(reasons)
    version.MethodDef = parts.methods.elements()
    version.CommentDef = parts.comment_elements()
    papers.put_into(version)
    return version


def _standards(spec: StudySpec) -> odm.Standards:
    of = spec.study.standards
    terms = {"Name": "CDISC/NCI", "Type": "CT"}
    rows = (
        {"OID": GUIDE, "Name": "SDTMIG", "Type": "IG", "Version": of.sdtmig},
        {"OID": TERMINOLOGY, **terms, "PublishingSet": "SDTM", "Version": of.terminology},
        {"OID": "STD.DXCT", **terms, "PublishingSet": "DEFINE-XML", "Version": of.define_terminology},
    )
    return odm.Standards(Standard=[odm.Standard(**row, Status="Final") for row in rows])


_Chosen = dict[str, tuple[dict[str, ListUse], list[Level]]]


def _chosen_lists(spec: StudySpec, found: Sequence[Submitted], lists: CodeLists) -> _Chosen:
    """Dataset -> the list of each variable and the value-level rows; every value is entered into its list."""
    common, split = _common_shapes(found), split_lists(spec, found)
    chosen: _Chosen = {}
    for each in found:
        single = [v for v in each.variables if not has_choices(spec, each, v)]
        uses = {v.name: use for v in single if (use := list_of(spec, each, v, split))}
        levels = [
            *choice_levels(spec, each),
            *result_levels(spec, each),
            *summary_levels(spec, each),
            *qualifier_levels(spec, each),
            *exception_levels(each, uses),
        ]
        for variable in each.variables:
            if variable.name in uses:
                shape = common.get(variable.name, variable.shape)
                lists.use(uses[variable.name], shape.datatype, variable.values)
        for level in levels:
            if level.listed:
                lists.use(level.listed, level.shape.datatype, level.values)
        chosen[each.name] = uses, levels
    return chosen


def _common_shapes(found: Sequence[Submitted]) -> dict[str, Shape]:
    """A number that a list names (VISITNUM) has one type in all datasets, because the list has one."""
    common: dict[str, Shape] = {}
    for variable in (v for each in found for v in each.variables if v.kind == "Num" and v.names):
        common[variable.name] = variable.shape.joined(common.get(variable.name, variable.shape))
    return common


def _group(
    each: Submitted, parts: Parts, chosen: _Chosen, lists: CodeLists, common: Mapping[str, Shape]
) -> odm.ItemGroupDef:
    group = _heading(each, parts)
    uses, levels = chosen[each.name]
    kept = {variable.name for variable in each.variables}
    keys = [key for key in each.dataset.keys if key in kept]
    for number, variable in enumerate(each.variables, start=1):
        own = [level for level in levels if level.variable == variable.name]
        listed = uses.get(variable.name)
        shaped = replace(variable, shape=common.get(variable.name, variable.shape))
        shown = listed if listed and listed.oid in lists else None
        reference = described_variable(each, shaped, own, shown, parts)
        reference.OrderNumber = number
        if variable.name in keys:
            reference.KeySequence = keys.index(variable.name) + 1
        group.ItemRef.append(reference)
    return group


def _heading(each: Submitted, parts: Parts) -> odm.ItemGroupDef:
    """The dataset without its variables."""
    dataset, design = each.dataset, each.dataset.class_ == "TRIAL DESIGN"
    file = f"{each.name.lower()}.xpt"
    group = odm.ItemGroupDef(
        OID=f"IG.{each.name}",
        Name=each.name,
        Repeating="No" if design or dataset.keys == _SUBJECT else "Yes",
        IsReferenceData="Yes" if design else "No",
        SASDatasetName=each.name,
        Domain=dataset.derived_from[0] if each.name.startswith("SUPP") else each.name,
        Purpose="Tabulation",
        Structure=dataset.structure,
        StandardOID=GUIDE,
        ArchiveLocationID=f"LF.{each.name}",
    )
    if dataset.comment:
        group.CommentOID = parts.comment(each.name, dataset.comment)
    group.Description = described(dataset.label)
    group.Class = odm.Class(Name=dataset.class_)
    group.leaf = odm.leaf(ID=f"LF.{each.name}", href=file, title=odm.title(_content=file))
    return group
