"""The query list: findings of a build, each with an id that outlives the night, and its state since it was opened."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.contracts.facts import source_facts
from pipeline.delta.matching import key_text
from pipeline.domains.records import LINE, Tie
from pipeline.errors import BuildFailed
from pipeline.findings import Severity
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.query_fates import asked_key, no_longer_delivered, not_judged
from pipeline.flow.questions import site, whom
from pipeline.queries.identity import ABOUT, KNOWN, with_query_ids
from pipeline.queries.state import ASKED, ENDED, QUERY, Tonight, carried
from pipeline.sources.delivery import deliveries
from pipeline.warehouse.builds import Build
from pipeline.warehouse.parquet import scan
from pipeline.warehouse.places import Place
from pipeline.warehouse.states import QUERIES, keep_state, state_of, state_path


def keep_queries(context: Context) -> Path:
    """Writes the state of all queries after ``context``'s build: that of the delivery before, and tonight's findings.

    Call it inside the build lock. Deliveries between that were never built are passed over.
    """
    store, delivery, parts = context.store, context.delivery, context.parts
    before, origin = _state_before(context)
    night = Tonight(delivery.delivery_id, delivery.cut, origin)
    tonight = asked(context, before)
    silent = before.filter(~pl.col("status").is_in(ENDED)).join(tonight, on="query_id", how="anti")
    gone, held = no_longer_delivered(context, silent), not_judged(context, silent)
    return keep_state(store, QUERIES, with_planned_visits(carried(before, tonight, night, gone, held), parts))


def queries_of(build: Build) -> pl.DataFrame:
    """The list (QUERY) that a published build left; BuildFailed if it left none."""
    path = state_path(build.place, QUERIES, build.delivery, build.build)
    if not path.is_file():
        raise BuildFailed("queries", f"build {build.build} has left no list", "run './sdtm build' once more")
    return scan(path).collect()


def kept_queries(place: Place, delivery: str, build: str) -> bool:
    """Whether that build has left its state."""
    return state_path(place, QUERIES, delivery, build).is_file()


def _state_before(context: Context) -> tuple[pl.DataFrame, str | None]:
    landed = [one.delivery_id for one in deliveries(context.settings.landing)]
    for earlier in reversed(landed[: landed.index(context.delivery.delivery_id)]):
        state = state_of(context.store.place, QUERIES, earlier)
        if state is not None:
            return state.collect().select(list(QUERY)).cast(QUERY), earlier
    return QUERY.to_frame(), None


def asked(context: Context, before: pl.DataFrame) -> pl.DataFrame:
    """Tonight's questions (ASKED): every finding but mere facts, with its id, the person to ask and the form.

    ``before`` (QUERY) is the list of the delivery before: equal questions keep their numbers of it.
    """
    parts = context.parts
    found = context.read("qc", "findings").filter(pl.col("severity") != Severity.INFO).collect()
    known = before.select("query_id", "message", "detail", closed=pl.col("status").is_in(ENDED)).cast(KNOWN)
    named = with_query_ids(with_record_identity(context, found), known)
    told = named.with_columns(
        ask=whom(parts), site=site(parts), form=_form(parts), field="variable", sdtm_record="record"
    )
    return (
        told.with_columns(record=ABOUT, visit=pl.coalesce("visit", "_visit")).select(list(ASKED)).cast(ASKED)
    )


def _form(parts: StudyParts) -> pl.Expr:
    titles = {name: str(source_facts(model)["title"]) for name, model in parts.models.items()}
    labels = {name: dataset.label for name, dataset in parts.spec.datasets.items()}
    return pl.col("source").replace_strict({**titles, **labels}, default=None, return_dtype=pl.String)


def with_record_identity(context: Context, found: pl.DataFrame) -> pl.DataFrame:
    """Findings with ``about``, the delivered record's identity, and ``_visit``, the visit that the form names.

    A finding about a record of a dataset belongs to the one row that the record comes from. Where that is several
    rows, or none, nothing names it but subject and visit. The roster has one row a subject: there the visit counts too.
    """
    rows = found.with_row_index("_finding")
    places = pl.concat([_own_places(rows), _record_places(context, rows)])
    identities = [_identities(context, source, group) for (source,), group in places.group_by("source")]
    empty = pl.DataFrame(schema={"_finding": pl.UInt32, ABOUT: pl.String, "_visit": pl.String})
    known = rows.join(pl.concat([empty, *identities]), on="_finding", how="left", maintain_order="left")
    of_roster = pl.col("source") == context.parts.spec.study.reference.roster
    person = pl.when(of_roster & pl.col("visit").is_not_null()).then(None).otherwise(pl.col(ABOUT))
    return known.with_columns(person.alias(ABOUT)).drop("_finding")


_PLACE = ("_finding", "source", "line")


def _own_places(rows: pl.DataFrame) -> pl.DataFrame:
    """The lines that findings name, of findings about delivered rows."""
    own = rows.filter(pl.col("line").is_not_null() & pl.col("record").is_null())
    return own.select("_finding", "source", pl.col("line").cast(pl.UInt32))


def _record_places(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """The line that a record comes from, of findings about records with exactly one such line."""
    parts, found = context.parts, []
    about = rows.filter(pl.col("record").is_not_null()).with_columns(
        _dataset=pl.col("record").str.split("/").list.get(0),
        seq=pl.col("record").str.split("/").list.get(1, null_on_oob=True).cast(pl.Int64, strict=False),
        subject=pl.lit(parts.spec.study.subject_prefix) + pl.col("subject"),
    )
    for (name,), group in about.group_by("_dataset"):
        if name in parts.spec.datasets:
            links = context.read("ops", f"links_{str(name).lower()}").filter(pl.col("role") == Tie.RECORD)
            wanted = group.lazy().select("_finding", "subject", "seq")
            places = links.join(wanted, on=["subject", "seq"], how="inner").select(_PLACE).unique().collect()
            found.append(places.filter(pl.len().over("_finding") == 1))
    return pl.concat(
        [pl.DataFrame(schema=dict(zip(_PLACE, (pl.UInt32, pl.String, pl.UInt32), strict=True))), *found]
    )


def _identities(context: Context, source: object, places: pl.DataFrame) -> pl.DataFrame:
    """``about`` and ``_visit`` of findings about rows of one source; none for what is no delivered file."""
    name, parts = str(source), context.parts
    if name not in parts.layouts:
        return pl.DataFrame(schema={"_finding": pl.UInt32, ABOUT: pl.String, "_visit": pl.String})
    key, columns = asked_key(parts, name), parts.layouts[name].columns
    visit = parts.spec.study.reference.visit_column
    rows = context.read("raw", name).select(
        pl.col(LINE).alias("line"),
        key_text(key).alias(ABOUT),
        (pl.col(visit) if visit in columns else pl.lit(None)).cast(pl.String).alias("_visit"),
        _named=pl.any_horizontal(pl.lit(value=False), *(pl.col(each) != "" for each in key)),
    )
    told = rows.join(places.lazy(), on="line", how="inner").collect()
    return told.select(
        "_finding", pl.when("_named").then(pl.col(ABOUT)).alias(ABOUT), pl.col("_visit").replace("", None)
    )


def with_planned_visits(rows: pl.DataFrame, parts: StudyParts) -> pl.DataFrame:
    """``rows`` with one spelling of a planned visit, however it was delivered; other texts stay. Ids are older."""
    visits = parts.spec.table(parts.spec.study.reference.visits)
    told = [
        pair
        for column in ("oid", "VISIT")
        for pair in visits.select(pl.col(column).alias("_"), "VISIT").rows()
    ]
    names = {text.upper(): name for text, name in told}
    plain = pl.col("visit").str.strip_chars().str.to_uppercase()
    known = plain.replace_strict(names, default=None, return_dtype=pl.String)
    return rows.with_columns(visit=pl.coalesce(known, "visit"))
