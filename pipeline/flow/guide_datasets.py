"""What the reviewer's guide tells of each dataset: its records, counted as they are submitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipeline.documents.guide.facts import Count, DatasetFacts, Qualifier, Related
from pipeline.emit.define.shapes import plain_numbers
from pipeline.emit.submitted import Submitted
from pipeline.specs.guide import SUPPLEMENTAL, DatasetNote
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Relation

_SUBJECT = "USUBJID"
_RELATIONS = "RELREC"


def dataset_facts(
    spec: StudySpec, found: Sequence[Submitted], titles: Mapping[str, str]
) -> tuple[DatasetFacts, ...]:
    """One entry for each submitted dataset but the supplemental ones, which are with their parents, in order."""
    by_name = {each.name: each for each in found}
    relations = _relations(spec, by_name.get(_RELATIONS))
    return tuple(
        _facts(spec, each, by_name.get(f"{SUPPLEMENTAL}{each.name}"), relations, titles)
        for each in found
        if not each.name.startswith(SUPPLEMENTAL)
    )


def _facts(
    spec: StudySpec,
    found: Submitted,
    supplement: Submitted | None,
    relations: Sequence[Related],
    titles: Mapping[str, str],
) -> DatasetFacts:
    dataset, note = found.dataset, spec.guide.datasets.get(found.name) if spec.guide else None
    by = _countable(found, note)
    others = [end for each in relations if found.name in each.ends for end in each.ends if end != found.name]
    return DatasetFacts(
        name=found.name,
        label=dataset.label,
        class_=dataset.class_,
        structure=dataset.structure,
        keys=dataset.keys,
        records=found.count,
        subjects=_subjects(found.records),
        uses=note.use if note else None,
        note=note.note if note else None,
        comment=dataset.comment or "",
        sources=tuple(titles.get(source, source) for source in dataset.sources) or dataset.derived_from,
        counted_by=by,
        counts=tuple(_counts(found.records, by)) if by else (),
        supplement=supplement.name if supplement else None,
        supplement_records=supplement.count if supplement else 0,
        qualifiers=tuple(_qualifiers(found, supplement)),
        related=tuple(dict.fromkeys(others)),
        relations=tuple(relations) if found.name == _RELATIONS else (),
        without_data=tuple(
            (each.name, each.spec.empty or each.spec.derived or each.spec.comment or "")
            for each in found.variables
            if not each.has_data
        ),
    )


def _countable(found: Submitted, note: DatasetNote | None) -> tuple[str, ...]:
    """The variables to count by that the file has; a permissible one without values is not submitted."""
    submitted = {each.name for each in found.variables if each.has_data}
    return tuple(name for name in (note.count_by if note else ()) if name in submitted)


def _subjects(records: pl.LazyFrame) -> int | None:
    if _SUBJECT not in records.collect_schema():
        return None
    return int(records.select(pl.col(_SUBJECT).drop_nulls().n_unique()).collect(engine="streaming").item())


def _counts(records: pl.LazyFrame, by: tuple[str, ...]) -> Iterator[Count]:
    """Records and subjects by the values of ``by``, in their order, nulls first."""
    people = (
        pl.col(_SUBJECT).drop_nulls().n_unique() if _SUBJECT in records.collect_schema() else pl.lit(None)
    )
    counted = records.group_by(by).agg(pl.len().alias("_records"), people.alias("_subjects"))
    rows = counted.sort(*by, nulls_last=False).collect(engine="streaming")
    numbers = [rows[name] for name in by if rows[name].dtype.is_numeric()]
    for *values, number, subjects in rows.with_columns(map(plain_numbers, numbers)).iter_rows():
        yield Count(tuple(value or "" for value in values), number, subjects)


def _qualifiers(parent: Submitted, supplement: Submitted | None) -> Iterator[Qualifier]:
    """Every qualifier that the specification plans for the parent; 0 records where nobody has it."""
    counted: dict[str, tuple[int, int]] = {}
    if supplement:
        numbers = supplement.records.group_by("QNAM").agg(
            pl.len().alias("records"), pl.col(_SUBJECT).n_unique().alias("subjects")
        )
        counted = {name: (records, people) for name, records, people in numbers.collect().iter_rows()}
    for name, each in parent.dataset.supplements.items():
        origin = f"{each.origin} ({each.by_whom})" if each.by_whom else each.origin
        yield Qualifier(name, each.label, origin, each.content, *counted.get(name, (0, 0)))


def _relations(spec: StudySpec, found: Submitted | None) -> tuple[Related, ...]:
    """The relations that RELREC holds, with the number of each; () without RELREC."""
    if found is None:
        return ()
    ids = found.records.select(_SUBJECT, pl.col("RELID").str.replace(r"[0-9]*$", "").alias("id"), "RELID")
    counted = dict(ids.unique().group_by("id").len().collect().iter_rows())
    return tuple(
        Related(
            each.id,
            (each.dataset, each.with_),
            _by(each),
            f"{each.type} to {each.with_type}, whole datasets" if each.type else "record to record",
            counted[each.id],
        )
        for each in spec.dataset(found.name).relations
        if counted.get(each.id)
    )


def _by(relation: Relation) -> str:
    """What two related records have in common, in words."""
    if relation.type:
        return f"{relation.dataset}.{relation.number} and {relation.with_}.{relation.by}"
    if relation.by:
        return f"{relation.with_}.{relation.by} on the form of {relation.dataset}"
    return f"number of the {relation.dataset} record, repeated on the form of {relation.with_}"
