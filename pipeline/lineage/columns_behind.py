"""Which delivered columns are behind one variable of one record, as the specification that drove the build says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.parents import QUALIFIER, Record, computed_from, lines_of_parents
from pipeline.lineage.rows import LINE, delivered_row
from pipeline.lineage.spec_lines import part_of
from pipeline.lineage.told import From, Row
from pipeline.specs.models import Dataset, Part, Study
from pipeline.specs.reference_models import MOMENTS, Moment

_WHOLE = ("record", "joined")
RELATED = ("RDOMAIN", "IDVAR", "IDVARVAL", "RELID")
_VISIT = ("VISITNUM", "VISIT", "VISITDY")
_READS = ("fills", "derives", "decides")
_AS_NAMED = {
    "RFSTDTC": "exposure_start",
    "RFENDTC": "end_of_participation",
}  # what DM calls two of the moments
_ROLES: Mapping[str, str] = {**MOMENTS, **_AS_NAMED}
JOINING = ("join key", "join condition")  # what chose a joined row, and is no part of the value
_VERBATIM = "verbatim"
_UNDETERMINED = ("STAT", "REASND")  # where a form may say that there is no result
_COMPUTED = ("STRESC", "STRESN", "DRVFL")


def columns_behind(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: tuple[Row, ...]
) -> tuple[From, ...]:
    """The delivered values that the variable was made of, each once, in the order of the specification.

    A variable that is made of others has the columns of those too, and one of a joined row what chose that row.
    """
    own = [row for row in rows if row.role in (*_WHOLE, QUALIFIER) or dataset.relations]
    if not own and variable == "USUBJID":
        own = list(rows)
    found = list(_by_role(ledger.spec.study, dataset, part, variable, rows)) or [
        *_by_use(ledger, dataset, part, variable, record, own),
        *_collection_form(ledger, variable, own),
    ]
    for holder, name in lines_of_parents(ledger, dataset, part, variable, record, rows):
        found += columns_behind(ledger, holder.dataset, holder.part, name, holder.record, rows)
    if part is not None and part.undetermined and variable.removeprefix(dataset.dataset) in _UNDETERMINED:
        found += columns_behind(ledger, dataset, part, f"{dataset.dataset}ORRES", record, rows)
    found += _computed(ledger, dataset, part, variable, record, rows)
    found += _named_in_method(dataset, variable, own)
    found += _joining(ledger, dataset, part, found, own)
    return tuple({(each.place, each.cell.column): each for each in reversed(found)}.values())[::-1]


def item_of(
    ledger: Ledger, dataset: Dataset, part: Part | None, record: Record
) -> dict[str, str | None] | None:
    """The row of the part's items table that the record unfolds, None for records of other kinds."""
    if part is None or part.items is None:
        return None
    table = ledger.spec.table(part.items)
    facts = [name for name in table.columns if name in dataset.variables]
    same = [pl.col(name).eq_missing(pl.lit(text(record.get(name)), dtype=pl.String)) for name in facts]
    rows = table.filter(pl.col("source") == part.source, *same)
    return rows.row(0, named=True) if rows.height else None


def moment_columns(study: Study, name: str) -> tuple[str, list[str]]:
    """Source and columns (date, time) of a reference moment."""
    moment: Moment = getattr(study.reference, _ROLES[name])
    return moment.source, [column for column in (moment.date, moment.time) if column]


def _by_role(
    study: Study, dataset: Dataset, part: Part | None, variable: str, rows: tuple[Row, ...]
) -> Iterator[From]:
    """Dates of the rows that gave this very variable its value, or a record that no part of the dataset made."""
    computed = bool(dataset.parts) and part is None and variable == f"{dataset.dataset}DTC"
    for row in rows:
        if (row.role == variable or (computed and row.role == "record")) and variable.endswith(
            ("DTC", "VISITNUM")
        ):
            names = _date_columns(study, variable, row.place.source)
            yield from (
                From(row.place, cell, "date of the row") for cell in row.cells if cell.column in names
            )


def _date_columns(study: Study, variable: str, source: str) -> list[str]:
    reference, lab = study.reference, study.laboratory
    if variable in _ROLES:
        return moment_columns(study, variable)[1]
    if not variable.startswith("SV"):
        for moment in (
            reference.consent,
            reference.exposure_start,
            reference.rescue,
            reference.end_of_participation,
        ):
            if moment.source == source:
                return [column for column in (moment.date, moment.time) if column]
    if source == lab.source:
        return [lab.date]
    return [
        (each.end if variable.endswith("ENDTC") and each.end else each.date)
        for each in reference.visit_dates
        if each.source == source
    ]


def _by_use(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: list[Row]
) -> Iterator[From]:
    item = item_of(ledger, dataset, part, record)
    asked = None if item is None else {item["column"], item.get("unit_from"), item.get("reason_from")}
    for use in _uses(ledger, dataset, variable, record).iter_rows(named=True):
        if use["by"] == "item" and (asked is None or use["column"] not in asked):
            continue
        for row in rows:
            if row.place.source == use["source"]:
                for cell in row.cells:
                    if cell.column == use["column"]:
                        yield From(row.place, cell, use["by"], use["how"])


def _computed(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: tuple[Row, ...]
) -> Iterator[From]:
    """Results of the tests that a computed test was made of."""
    prefix = dataset.dataset
    if dataset.computed and variable.removeprefix(prefix) in _COMPUTED:
        number = int(record[f"{prefix}SEQ"])
        for each in computed_from(ledger, dataset, str(record["USUBJID"]), number, record).iter_rows(
            named=True
        ):
            yield from columns_behind(ledger, dataset, part, f"{prefix}STRESC", each, rows)


def _joining(
    ledger: Ledger, dataset: Dataset, part: Part | None, found: list[From], rows: list[Row]
) -> Iterator[From]:
    """What chose the joined rows among ``found``: the verbatim that was coded, the keys, the conditions."""
    used = {each.place.source for each in found}
    owner = part
    if owner is None and dataset.derived_from:
        owner = part_of(ledger.spec.dataset(dataset.derived_from[0]), [row.place.source for row in rows])
    if owner is None or owner.source not in {row.place.source for row in rows}:
        return
    for join in owner.join.values():
        if join.source not in used:
            continue
        coded = [
            each
            for each in ledger.spec.study.delivery.compare.coded
            if (each.form, each.coding) == (owner.source, join.source)
        ]
        roles = {
            owner.source: _by_column([each.term for each in coded], join.on, ()),
            join.source: _by_column([each.verbatim for each in coded], join.on, tuple(join.where)),
        }
        for row in rows:
            for name, by in roles.get(row.place.source, {}).items():
                how = f"chooses the row of {join.source}"
                yield from (From(row.place, cell, by, how) for cell in row.cells if cell.column == name)


def _by_column(verbatim: list[str], keys: tuple[str, ...], conditions: tuple[str, ...]) -> dict[str, str]:
    key, condition = JOINING
    return {
        **dict.fromkeys(verbatim, _VERBATIM),
        **dict.fromkeys(keys, key),
        **dict.fromkeys(conditions, condition),
    }


def _collection_form(ledger: Ledger, variable: str, rows: list[Row]) -> Iterator[From]:
    """The row of the collection form that places a draw, found by the accession as the build finds it."""
    roles, reference = ledger.spec.study.laboratory, ledger.spec.study.reference
    draws = [row for row in rows if row.place.source == roles.source] if variable in _VISIT else []
    for draw in draws:
        typed = {cell.column: cell.typed for cell in draw.cells}
        form = ledger.read("typed", roles.form).filter(
            pl.col(roles.form_accession) == typed.get(roles.accession),
            pl.col("SUBJID") == typed.get(roles.subject),
        )
        for line in form.select(LINE).head(1).collect().to_series():
            found = delivered_row(ledger, roles.form, line, "collection form")
            for cell in found.cells:
                if cell.column in (reference.visit_column, reference.repeat_column):
                    yield From(found.place, cell, "collection form", f"same {roles.form_accession}")


def _named_in_method(dataset: Dataset, variable: str, rows: list[Row]) -> Iterator[From]:
    """Columns that the dataset's own code reads, for the variables whose method names the part they play."""
    method = (dataset.variables[variable].derived or "").lower()
    for role, column in dataset.uses.items():
        if f" {role.replace('_', ' ')}" in method:
            for row in rows:
                cells = (cell for cell in row.cells if cell.column == column.rpartition(".")[2])
                yield from (From(row.place, cell, "derived", f"as {role}") for cell in cells)


def _uses(ledger: Ledger, dataset: Dataset, variable: str, record: Record) -> pl.DataFrame:
    """Rows of ``ops.column_uses`` for the variable; those of every record for what every record has."""
    named = record.get("QNAM") if variable == QUALIFIER else variable
    own = (
        (pl.col("dataset") == dataset.dataset)
        & (pl.col("variable") == named)
        & pl.col("role").is_in(list(_READS))
    )
    if dataset.relations and variable in RELATED:
        ids = [each.id for each in dataset.relations if str(record.get("RELID")).startswith(each.id)]
        own = (pl.col("dataset") == dataset.dataset) & (pl.col("by") == "relation")
        own &= pl.any_horizontal(
            pl.lit(value=False), *(pl.col("how").str.ends_with(f" {name}") for name in ids)
        )
    reference = ledger.spec.study.reference
    every: list[str] = []
    if variable in _VISIT:
        every = [reference.visit_column, reference.repeat_column]
    subject = (pl.col("how") == "every record: subject (USUBJID)") & pl.lit(value=variable == "USUBJID")
    general = (pl.col("by") == "identity") & pl.col("column").is_in(every)
    return ledger.uses.filter(own | subject | general)
