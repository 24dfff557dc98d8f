"""What a contract knows about a column beyond pandera: kept in the field's ``metadata``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypedDict

import pandera.polars as pa

from pipeline.errors import SpecError
from pipeline.findings import Severity

Owner = Literal["Investigator", "Subject", "Vendor", "Sponsor"]  # Define-XML 2.1 origin sources
AT_SITE = ("Investigator", "Subject")  # owners whose answers the site collects
SITE, SENDER = "site", "sender"
CORRECT = {
    SITE: "ask the site to correct the entry",
    SENDER: "ask the sender to correct the record and deliver again",
}
Kind = Literal[
    "identifier",
    "subject",
    "site",
    "text",
    "code",
    "decode",
    "flag",
    "integer",
    "decimal",
    "edc_date",
    "edc_time",
    "compact_date",
    "compact_time",
    "compact_stamp",
    "timestamp",
]


class Common(TypedDict, total=False):
    """Keyword arguments that every field function takes."""

    required: bool
    owner: Owner
    not_submitted: str
    severity: Severity
    action: str


@dataclass(frozen=True)
class ColumnFacts:
    """One column: ``owner`` None means the model's owner; ``not_submitted`` holds the reason, if any.

    ``codes`` maps a code to its printed text ("" if the sender delivers no text); ``decodes`` names the coded
    column whose text this column holds; ``may_be_future`` exempts a date from the data cut; ``names_subject`` is
    a regular expression whose group 1 is the subject's number in an identifier that is made from it.
    """

    kind: Kind
    label: str
    owner: Owner | None = None
    required: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    decodes: str | None = None
    may_be_future: bool = True
    names_subject: str | None = None
    not_submitted: str | None = None
    severity: Severity = Severity.ERROR
    action: str = ""

    @property
    def asked(self) -> str:
        """Who can answer for a value: the site for what it collects, the sender for what a system writes."""
        written = self.kind in ("subject", "site", "decode") or self.owner not in AT_SITE
        return SENDER if written else SITE

    def as_metadata(self) -> dict[str, Any]:
        """The same facts as a plain mapping, the form that pandera carries."""
        return {**asdict(self), "codes": dict(self.codes)}


def column_facts(model: type[pa.DataFrameModel]) -> dict[str, ColumnFacts]:
    """Facts of every column of ``model`` in delivered order, the model's owner and whom to ask filled in."""
    schema = model.to_schema()
    owner = source_facts(model)["owner"]
    facts = {name: _facts_of(model, name, column.metadata) for name, column in schema.columns.items()}
    owned = {name: replace(fact, owner=fact.owner or owner) for name, fact in facts.items()}
    return {name: replace(fact, action=fact.action or CORRECT[fact.asked]) for name, fact in owned.items()}


def _facts_of(model: type[pa.DataFrameModel], name: str, metadata: dict[str, Any] | None) -> ColumnFacts:
    if not metadata or "kind" not in metadata:
        raise SpecError(
            f"contract {model.__name__}",
            f"column {name} has no kind",
            "declare it with a function of contracts.fields",
        )
    return ColumnFacts(**metadata)


def source_facts(model: type[pa.DataFrameModel]) -> dict[str, Any]:
    """The mapping that ``contracts.model.source`` put into the model's ``Config.metadata``."""
    metadata: dict[str, Any] | None = getattr(model.Config, "metadata", None)
    if not metadata or "source" not in metadata:
        raise SpecError(
            f"contract {model.__name__}",
            "Config.metadata names no source",
            "set it to contracts.model.source(...)",
        )
    return metadata
