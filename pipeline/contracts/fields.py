"""Columns of a data contract: one function per kind, each giving a pandera field with its rules and facts.

Every function takes the label first and these keywords: ``required`` (no blank), ``owner`` (who answers for
the value; default: the model's), ``not_submitted`` (why no SDTM variable holds it), ``severity`` and
``action`` of a breach (default: whoever can answer corrects it).
Columns are text in a delivery; ``integer`` columns become Int64 in the typed frame,
the rest stays text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import pandera.polars as pa

from pipeline.contracts import rules
from pipeline.contracts.facts import ColumnFacts, Common, Kind
from pipeline.derive import iso8601

SAS_CHARACTER_LIMIT = 200  # bytes of a character variable in SAS V5 transport
_EDC_FORMS = "(DD-MMM-YYYY, unknown parts UN or UNK)"
_LAB_FORMS = "(YYYYMMDD or DDMMMYYYY)"
Codes = Mapping[str, str] | Sequence[str]


def _field(
    kind: Kind, label: str, checks: list[pa.Check], common: Common, action: str = "", **facts: Any
) -> Any:
    described: dict[str, Any] = {"action": action, **facts, **common}
    known = ColumnFacts(kind=kind, label=label, **described)
    field = pa.Field(nullable=True, title=label, metadata=known.as_metadata())
    field.checks = [*([rules.required()] if known.required else []), *checks]
    return field


def text(label: str, *, max_length: int = SAS_CHARACTER_LIMIT, **common: Unpack[Common]) -> Any:
    """Free text of at most ``max_length`` bytes."""
    return _field(
        "text", label, [rules.length(max_length)], common, "shorten or split the text at its source"
    )


def identifier(
    label: str, *, pattern: str | None = None, names_subject: str | None = None, **common: Unpack[Common]
) -> Any:
    """A number or name that identifies something; ``pattern`` is a regular expression for the whole text.

    ``names_subject``: group 1 of this expression is the subject's number in the study's form, and must be the row's.
    """
    checks = [rules.form(f"^(?:{pattern})$", "does not have the form of its identifier")] if pattern else []
    every = [rules.length(SAS_CHARACTER_LIMIT), *checks]
    return _field("identifier", label, every, common, names_subject=names_subject)


def subject(label: str = "Subject number", **common: Unpack[Common]) -> Any:
    """The subject's number, never blank; brought into the study's form before the rules run."""
    common.setdefault("required", True)
    return _field("subject", label, [], common)


def site(label: str = "Site number", **common: Unpack[Common]) -> Any:
    """The site's number; leading zeros restored before the rules run."""
    return _field("site", label, [], common)


def code(label: str, codes: Codes, **common: Unpack[Common]) -> Any:
    """One of ``codes``: a mapping code -> printed text, or bare codes if no text is delivered beside them."""
    texts = dict(codes) if isinstance(codes, Mapping) else dict.fromkeys(codes, "")
    return _field("code", label, [rules.listed(tuple(texts))], common, codes=texts)


def decode(coded: str, codes: Mapping[str, str]) -> Any:
    """The printed text that the sender puts beside the code in column ``coded``."""
    return _field(
        "decode",
        f"Text of {coded}",
        [rules.printed_text(coded, codes)],
        {"not_submitted": f"printed text of {coded}, whose code is mapped"},
        decodes=coded,
    )


def flag(label: str, **common: Unpack[Common]) -> Any:
    """A check box: ``1`` when ticked, blank when not."""
    return _field("flag", label, [rules.listed(("1",))], common, codes={"1": "Checked"})


def integer(label: str, low: int | None = None, high: int | None = None, **common: Unpack[Common]) -> Any:
    """A whole number, ``low`` to ``high`` where given."""
    bounds = [] if low is None and high is None else [rules.within(low, high)]
    return _field("integer", label, [rules.whole_number(), *bounds], common)


def decimal(label: str, low: str | None = None, high: str | None = None, **common: Unpack[Common]) -> Any:
    """A decimal number with a point, ``low`` to ``high`` (as text, exact) where given; it stays text."""
    bounds = [] if low is None and high is None else [rules.within(low, high)]
    return _field("decimal", label, [rules.number(), *bounds], common)


def edc_date(
    label: str, *, allow_partial: bool = True, may_be_future: bool = False, **common: Unpack[Common]
) -> Any:
    """A date ``DD-MMM-YYYY`` with unknown parts if allowed; after the data cut only if allowed."""
    checks = [rules.usable("date", f"is not a possible date {_EDC_FORMS}", iso8601.date_problem)]
    if not allow_partial:
        checks.append(rules.full_date())
    return _field("edc_date", label, checks, common, may_be_future=may_be_future)


def edc_time(label: str, **common: Unpack[Common]) -> Any:
    """A time of day ``HH:MM``, ``UN:UN`` when unknown."""
    checks = [rules.usable("time", "is not a time of day HH:MM", iso8601.time_problem)]
    return _field("edc_time", label, checks, common)


def compact_date(label: str, *, may_be_future: bool = False, **common: Unpack[Common]) -> Any:
    """A full date in one of the laboratory's two forms."""
    sentence = f"is not a possible date {_LAB_FORMS}"
    checks = [rules.usable("date", sentence, iso8601.compact_date_problem)]
    return _field("compact_date", label, checks, common, may_be_future=may_be_future)


def compact_time(label: str, **common: Unpack[Common]) -> Any:
    """A time of day ``HHMM``."""
    checks = [rules.usable("time", "is not a time of day HHMM", iso8601.compact_time_problem)]
    return _field("compact_time", label, checks, common)


def compact_stamp(label: str, *, may_be_future: bool = False, **common: Unpack[Common]) -> Any:
    """A laboratory date, optionally followed by ``T`` and ``HHMM``."""
    sentence = f"is not a possible date {_LAB_FORMS}, optionally with THHMM"
    checks = [rules.usable("date", sentence, rules.stamp_problem)]
    return _field("compact_stamp", label, checks, common, may_be_future=may_be_future)


def timestamp(label: str, **common: Unpack[Common]) -> Any:
    """A moment in UTC, ISO 8601 with a final Z; written by a system, so the data cut does not bind it."""
    return _field("timestamp", label, [rules.timestamp_form()], common)
