"""Where every delivered column went, and how many of its values: what nobody uses or declares fails the build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from pipeline.derive.text import count_filled
from pipeline.domains.records import LINE, Fate
from pipeline.errors import BuildFailed
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.delivered import delivered_sources
from pipeline.review.delivered import Source
from pipeline.review.fates import ColumnFate, fates
from pipeline.review.fates import Fate as Decided
from pipeline.review.usage import usage
from pipeline.review.usage_parts import SUPPLEMENT
from pipeline.review.use import CARRIES, Use

MAPPED = "mapped"
# In the order of their rank: a mapped row with one unusable item counts as mapped.
ROW_FATES = (MAPPED, Fate.QUARANTINED, Fate.SUPERSEDED, Fate.DELETED, Fate.NOT_SUBMITTED)
_COUNTS = ("delivered", *(str(fate).replace(" ", "_") for fate in ROW_FATES))
COLUMNS = pl.Schema(
    {
        "source": pl.String,
        "column": pl.String,
        "label": pl.String,
        "fate": pl.String,  # submitted, steers, not submitted, restricted
        "fills": pl.String,  # variables that hold it, or are derived from it ("AE.AETERM; SUPPAE.AESI")
        "decides": pl.String,  # what else it is used for ("identity; join key")
        "reason": pl.String,  # why no variable holds it
        **dict.fromkeys(_COUNTS, pl.Int64),  # values that are not blank: all, and by the fate of their row
    }
)
USES = pl.Schema(
    {
        "source": pl.String,
        "column": pl.String,
        "role": pl.String,
        "dataset": pl.String,  # null for a use by every record
        "variable": pl.String,  # null for a use by the records of the dataset as such
        "by": pl.String,  # verb or rule
        "how": pl.String,
    }
)


@dataclass(frozen=True)
class Decisions:
    """Of each delivered column, by (source, column): what becomes of it, and its label."""

    fates: Mapping[tuple[str, str], ColumnFate]
    labels: Mapping[tuple[str, str], str]


def decisions(parts: StudyParts, sources: Iterable[str]) -> Decisions:
    """What becomes of every column of ``sources``.

    BuildFailed for a column that no variable holds, nothing is decided by, and nobody declares.
    """
    named = set(sources)
    delivered = {
        name: _readable(source) if name in named else source
        for name, source in delivered_sources(parts.models).items()
    }
    told = fates(parts.spec, delivered, usage(parts.spec, delivered))
    found = {place: fate for place, fate in told.items() if place[0] in named}
    for (source, column), fate in found.items():
        if fate.fate is Decided.OPEN:
            raise BuildFailed(
                f"{source}.{column}",
                "is delivered, but fills no variable, decides nothing and is declared nowhere",
                "map it, or state in its contract or in study.yaml why it is not submitted",
            )
    labels = {place: delivered[place[0]].columns[place[1]].label for place in found}
    return Decisions(found, labels)


def _readable(source: Source) -> Source:
    """A file that this build reads is no secret to it."""
    return replace(source, restricted=False)


def counted(columns: pl.DataFrame) -> dict[str, int]:
    """How many columns of how many sources, and what became of them; every column has exactly one of the fates."""
    fates = dict(columns.group_by("fate").len().iter_rows())
    return {
        "columns": columns.height,
        "sources": columns["source"].n_unique(),
        "submitted": fates.get(str(Decided.SUBMITTED), 0),
        "deciding": fates.get(str(Decided.STEERS), 0),
        "not_submitted": fates.get(str(Decided.NOT_SUBMITTED), 0),
        "restricted": fates.get(str(Decided.RESTRICTED), 0),
    }


def uses_table(found: Decisions) -> pl.DataFrame:
    """One row a use (USES), in the order of the files and of the specification."""
    rows = [(*place, *_told(use)) for place, fate in found.fates.items() for use in fate.uses]
    return pl.DataFrame(rows, schema=USES, orient="row")


def _told(use: Use) -> tuple[str, str | None, str | None, str, str]:
    dataset, variable = _target(use)
    how = use.how if dataset else f"{use.target}: {use.how}"
    return (str(use.role), dataset, variable, use.by, how)


def _target(use: Use) -> tuple[str | None, str | None]:
    """Dataset and variable; a qualifier lies in the supplemental dataset."""
    if " " in use.target:  # said in words: every record, every result
        return None, None
    dataset, _, variable = use.target.partition(".")
    return (f"SUPP{dataset}" if use.by == SUPPLEMENT else dataset), variable or None


def column_accounts(context: Context, source: str, found: Decisions, row_fates: pl.DataFrame) -> pl.DataFrame:
    """One row a column of ``source`` (COLUMNS). ``row_fates`` has ``line`` and ``fate`` of every delivered row.

    BuildFailed if the values that lie in the accepted and quarantined rows are not those that were delivered.
    """
    names = [name for name in context.read("raw", source).collect_schema().names() if name != LINE]
    delivered = context.read("raw", source).select(count_filled(pl.col(name)).alias(name) for name in names)
    counts = {"delivered": delivered.collect()} | dict(_by_fate(context, source, names, row_fates))
    rows = [
        {
            "source": source,
            "column": name,
            "label": found.labels[source, name],
            **_said(found.fates[source, name]),
            **{fate: int(count[name].sum()) for fate, count in counts.items()},
        }
        for name in names
    ]
    table = pl.DataFrame(rows, schema=COLUMNS)
    _close(table)
    return table


def _said(fate: ColumnFate) -> dict[str, str | None]:
    targets = [(use, ".".join(filter(None, _target(use)))) for use in fate.uses]
    fills = [target for use, target in targets if target and use.role in CARRIES]
    others = [use.by for use, target in targets if not target or use.role not in CARRIES]
    reasons = [f"{reason} ({who})" for who, reason in fate.reasons]
    return {
        "fate": str(fate.fate),
        "fills": _listed(fills),
        "decides": _listed(others),
        "reason": _listed(reasons),
    }


def _listed(texts: Iterable[str]) -> str | None:
    return "; ".join(dict.fromkeys(texts)) or None


def _by_fate(
    context: Context, source: str, names: list[str], row_fates: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Row fate -> values by column, counted where they lie now: typed if accepted, as delivered if quarantined."""
    line = pl.col(LINE).cast(pl.UInt32).alias("line")
    layers = (("typed", lambda text: text.is_not_null().sum()), ("quarantine", count_filled))
    counted = []
    for layer, count in layers:
        rows = context.read(layer, source)
        known = [name for name in names if name in rows.collect_schema().names()]
        placed = rows.select(line, *known).join(
            row_fates.lazy(), on="line", how="left", maintain_order="left"
        )
        counted.append(placed.group_by("fate").agg(count(pl.col(name)).alias(name) for name in known))
    values = pl.concat(pl.collect_all(counted), how="diagonal_relaxed")
    for fate in ROW_FATES:
        yield str(fate).replace(" ", "_"), values.filter(pl.col("fate") == str(fate)).select(names)


def _close(table: pl.DataFrame) -> None:
    for row in table.iter_rows(named=True):
        kept = sum(row[name] for name in _COUNTS[1:])
        if kept != row["delivered"]:
            raise BuildFailed(
                f"{row['source']}.{row['column']}",
                f"{row['delivered']} values were delivered, but {kept} lie in rows with a fate",
                "report this as a bug",
            )
