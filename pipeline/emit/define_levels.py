"""Value-level metadata: what a variable holds where another variable has a certain value.

Results of Findings depend on the test (and on the specimen where a test has several), QVAL depends on QNAM, and a
variable with several codelists depends on the variable that tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from pipeline.emit.define_lists import (
    NO_YES,
    ListUse,
    codemap_list,
    codes_of,
    known_lists,
    part_list,
    permitted_values,
    require_listed,
    slug,
    sponsor_list,
    whole_list,
)
from pipeline.emit.define_shapes import Shape, plain_numbers, shapes_by
from pipeline.emit.submitted import Submitted, SubmittedVariable
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Origin, Supplement
from pipeline.specs.standard import Codelist

_RESULTS = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
_UNITS = ("ORRESU", "STRESU")
_FEW = 100  # a test with more different results than this has no list of them
_FINDINGS = "FINDINGS"


@dataclass(frozen=True)
class Check:
    """``variable`` is one of ``values``, or none of them with ``comparator`` NOTIN."""

    variable: str
    values: tuple[str, ...]
    comparator: str = ""

    @property
    def operator(self) -> str:
        """Comparator of Define-XML."""
        return self.comparator or ("EQ" if len(self.values) == 1 else "IN")


@dataclass(frozen=True)
class Level:
    """One row of a value list; ``key`` tells it within the variable, ``condition`` its condition in the dataset.

    ``values`` are the distinct values, as far as a list needs them; ``supplement`` is the qualifier of a QVAL.
    """

    variable: str
    key: str
    condition: str
    where: tuple[Check, ...]
    label: str
    shape: Shape
    values: tuple[str, ...] = ()
    listed: ListUse | None = None
    supplement: Supplement | None = None


def levels_of(spec: StudySpec, submitted: Submitted) -> list[Level]:
    """All value-level rows of a dataset, in the order of its variables and of the keys; empty if it needs none."""
    found = [*_of_lists(spec, submitted), *_of_results(spec, submitted), *_of_qualifiers(spec, submitted)]
    order = [variable.name for variable in submitted.variables]
    return sorted(found, key=lambda level: order.index(level.variable))


def _distinct(submitted: Submitted, names: list[str], value: str) -> pl.DataFrame:
    """Different combinations of ``names`` and ``value`` as text, sorted."""
    chosen = submitted.records.select(*names, value).drop_nulls(value).unique().collect(engine="streaming")
    if chosen[value].dtype != pl.String:
        chosen = chosen.with_columns(plain_numbers(chosen[value]))
    return chosen.sort(*names, value, nulls_last=True)


def _of_results(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    prefix = submitted.name
    test = submitted.find(f"{prefix}TESTCD")
    if submitted.dataset.class_ != _FINDINGS or test is None:
        return
    keys = _result_keys(submitted)
    variables = [found for suffix in _RESULTS if (found := submitted.find(f"{prefix}{suffix}"))]
    rows = {variable.name: _distinct(submitted, keys, variable.name) for variable in variables}
    shapes = {name: shapes_by(values, keys, name) for name, values in rows.items()}
    specimens = _specimens({key for found in shapes.values() for key in found})
    for variable in variables:
        for key, shape in shapes[variable.name].items():
            name, where = str(key[0]), _where_of(keys, key, specimens[key[0]])
            told = slug(name if len(where) == 1 else f"{name}.{key[1] or 'NULL'}")
            values = _few(rows[variable.name], keys, key, variable.name)
            listed = _result_list(spec, submitted, variable, name, shape, values, told)
            label = (test.names or {}).get(name, name)
            yield Level(
                variable.name, told, told, where, label, shape, values if listed else (), listed
            )


def _result_keys(submitted: Submitted) -> list[str]:
    """The test, and the specimen where any test was done on more than one."""
    test, specimen = f"{submitted.name}TESTCD", f"{submitted.name}SPEC"
    if submitted.find(specimen) is None:
        return [test]
    pairs = submitted.records.select(test, specimen).drop_nulls().unique().collect(engine="streaming")
    return [test, specimen] if pairs[test].is_duplicated().any() else [test]


def _specimens(keys: set[tuple[str | None, ...]]) -> dict[str | None, list[str | None]]:
    found: dict[str | None, list[str | None]] = {}
    for key in sorted(keys, key=lambda key: [part or "" for part in key]):
        found.setdefault(key[0], []).append(key[1] if len(key) > 1 else None)
    return found


def _where_of(keys: list[str], key: tuple[str | None, ...], specimens: list[str | None]) -> tuple[Check, ...]:
    test = Check(keys[0], (str(key[0]),))
    if len(specimens) == 1:
        return (test,)
    if key[1] is not None:
        return (test, Check(keys[1], (key[1],)))
    others = tuple(each for each in specimens if each is not None)
    return (test, Check(keys[1], others, "NOTIN"))


def _few(rows: pl.DataFrame, keys: list[str], key: tuple[str | None, ...], value: str) -> tuple[str, ...]:
    same = [pl.col(name).eq_missing(pl.lit(part, dtype=pl.String)) for name, part in zip(keys, key, strict=True)]
    found = rows.filter(*same)[value]
    return tuple(found) if len(found) <= _FEW else ()


def _result_list(
    spec: StudySpec,
    submitted: Submitted,
    variable: SubmittedVariable,
    test: str,
    shape: Shape,
    values: tuple[str, ...],
    place: str,
) -> ListUse | None:
    suffix = variable.name.removeprefix(submitted.name)
    known = known_lists(spec, codes_of(submitted, variable))
    if suffix in _UNITS:
        return _unit_list(spec, submitted, variable, known, values, place)
    kind, _, codemap = _item_result(spec, submitted, test).partition(":")
    scored = kind == "score" and suffix != "ORRES"
    if not values or suffix == "STRESN" or (shape.is_number and not scored):
        return None
    for terms in known:
        if set(values) <= permitted_values(spec, terms):
            return part_list(terms, values, f"{submitted.name}.{place}")
    return codemap_list(spec, codemap, by_code=scored) if codemap else None


def _unit_list(
    spec: StudySpec,
    submitted: Submitted,
    variable: SubmittedVariable,
    known: list[Codelist],
    values: tuple[str, ...],
    place: str,
) -> ListUse | None:
    if not known:
        return None
    require_listed(spec, f"{submitted.name}.{variable.name}", values, known[0])
    return part_list(known[0], values, f"{submitted.name}.{place}")


def _item_result(spec: StudySpec, submitted: Submitted, test: str) -> str:
    """What kind of result the study's tables of items give the test: ``score:MAP``, ``term:MAP``, ``number``; or blank."""
    for name in dict.fromkeys(part.items for part in submitted.dataset.parts if part.items):
        table = spec.table(name)
        rows = table.filter(pl.col(f"{submitted.name}TESTCD") == test)
        if rows.height:
            return str(rows["result"][0])
    return ""


def _of_qualifiers(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    if submitted.find("QNAM") is None or submitted.find("QVAL") is None or not submitted.dataset.derived_from:
        return
    supplements = spec.dataset(submitted.dataset.derived_from[0]).supplements
    rows = _distinct(submitted, ["QNAM"], "QVAL")
    for key, shape in shapes_by(rows, ["QNAM"], "QVAL").items():
        name = str(key[0])
        if name not in supplements:
            raise BuildFailed(f"{submitted.name}.QNAM", "a qualifier is not in the specification of its parent")
        values = _few(rows, ["QNAM"], key, "QVAL")
        listed = _qualifier_list(spec, supplements[name], values)
        where = (Check("QNAM", (name,)),)
        yield Level(
            "QVAL",
            name,
            name,
            where,
            supplements[name].label,
            shape if not listed else Shape("text", max(len(value.encode()) for value in values)),
            values if listed else (),
            listed,
            supplements[name],
        )


def _qualifier_list(spec: StudySpec, supplement: Supplement, values: tuple[str, ...]) -> ListUse | None:
    if supplement.map and values:
        return codemap_list(spec, supplement.map)
    no_yes = spec.standard.codelists.get(NO_YES)
    return whole_list(no_yes) if no_yes and values and set(values) <= set(no_yes.terms) else None


def _of_lists(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """Rows of variables whose values come from one list here and from another there."""
    for variable in submitted.variables:
        candidates, fallback = _candidates(spec, submitted, variable)
        if not candidates or not variable.has_data:
            continue
        chosen = _told_apart(spec, submitted, variable, candidates, fallback=fallback)
        for listed, decider, groups, rows in chosen:
            values = tuple(rows[variable.name].unique().sort())
            shape = Shape("text", max(len(value.encode()) for value in values))
            key = listed.oid.removeprefix("CL.")
            yield Level(
                variable.name,
                key,
                f"{variable.name}.{key}",
                (Check(decider, groups),),
                variable.facts.label,
                shape,
                values,
                listed,
            )


def _candidates(spec: StudySpec, submitted: Submitted, variable: SubmittedVariable) -> tuple[list[Codelist], bool]:
    """Lists that may apply, and whether a list of the sponsor may stand beside them.

    The terminology has lists for the questions of a published instrument; their names end with TC and TN.
    """
    known = known_lists(spec, codes_of(submitted, variable))
    if known:
        return (known if len(known) > 1 else []), False
    endings = {f"{submitted.name}TESTCD": "TC", f"{submitted.name}TEST": "TN"}
    ending = endings.get(variable.name)
    if ending is None or submitted.dataset.class_ != _FINDINGS:
        return [], False
    questions = [each for each in spec.standard.codelists.values() if each.name.endswith(ending)]
    used = set(variable.values)
    return sorted((each for each in questions if used & set(each.terms)), key=lambda each: each.code), True


_Group = tuple[ListUse, str, tuple[str, ...], pl.DataFrame]


def _told_apart(
    spec: StudySpec, submitted: Submitted, variable: SubmittedVariable, lists: list[Codelist], *, fallback: bool
) -> list[_Group]:
    """One group a list: the list, the variable that decides, its values, and the records' values."""
    for suffix in ("CAT", "TESTCD"):
        decider = f"{submitted.name}{suffix}"
        if decider == variable.name or submitted.find(decider) is None:
            continue
        rows = _distinct(submitted, [decider], variable.name)
        own = sponsor_list(submitted, variable, variable.name) if fallback else None
        groups: dict[str, tuple[ListUse, list[str]]] = {}
        for (value,), part in rows.group_by(decider, maintain_order=True):
            listed = _fitting(spec, variable, lists, set(part[variable.name])) or own
            if listed is None or value is None:
                break
            groups.setdefault(listed.oid, (listed, []))[1].append(str(value))
        else:
            return [(use, decider, tuple(at), rows.filter(pl.col(decider).is_in(at))) for use, at in groups.values()]
    fix = "correct the values, or add them to the study's extensions of a codelist"
    raise BuildFailed(f"{submitted.name}.{variable.name}", "no codelist of the variable holds its values", fix)


def _fitting(
    spec: StudySpec, variable: SubmittedVariable, lists: list[Codelist], values: set[str]
) -> ListUse | None:
    for terms in lists:
        if values <= permitted_values(spec, terms):
            return whole_list(terms, variable.names)
    return None


def origin_of(level: Level, variable: SubmittedVariable) -> tuple[Origin, str]:
    """Origin type and source of a value-level item: the qualifier's own, else the variable's."""
    rules = level.supplement
    if rules is None:
        return variable.spec.origin, variable.spec.source
    return rules.origin, rules.by_whom or "Sponsor"
