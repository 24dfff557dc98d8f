"""Dirt of texts, numbers and clocks on the forms (design 4.5, numbers 2, 12, 13, 17 and 20)."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import Spoil, noted, notes_of, rewritten, stated

_EASY_VISIT: Final = pl.col("VISITOID").is_in(["W1", "W2", "W8"])
_NOISE: Final = ("  {}", "{} ", "{}\t", "\u00a0{}", "{}\r\n", "{}\u2019")
_ONE_BY_ONE: Final = 20  # numbers that are told line by line
_QUOTE: Final = "\u2019"  # a typographic apostrophe, one byte in Windows-1252
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _edc_day(day: pl.Expr) -> pl.Expr:
    month = day.dt.month().cast(pl.Int64).replace_strict(dict(enumerate(_MONTHS, start=1)))
    return pl.concat_str(day.dt.strftime("%d-"), month, day.dt.strftime("-%Y"))


def _future_date(ground: Ground) -> Planted:
    """A day that lies after the data cut."""
    rows = ground.picked("edc_vs", _EASY_VISIT & pl.col("VSDAT").is_not_null())
    ahead = pl.lit(ground.as_of) + pl.duration(days=pl.int_range(pl.len()) + 1)
    changed = rows.with_columns(VSDAT=_edc_day(ahead))
    table = rewritten(ground.tables["edc_vs"], changed, ["VSDAT"])
    return Planted(
        {"edc_vs": table}, noted("edc_vs", changed, fate="quarantined", rule="edc_vs.VSDAT.after_cut")
    )


def _text_noise(ground: Ground) -> Planted:
    """Blanks, tabs, line breaks and typographic characters around a text: it is cleaned, and that is told."""
    rows = ground.picked("edc_mh", pl.col("MHTERM").is_not_null())
    noisy = [_NOISE[n % len(_NOISE)].format(term) for n, term in enumerate(rows["MHTERM"])]
    clean = pl.col("MHTERM").str.to_uppercase()
    apostrophe = pl.int_range(pl.len()) % len(_NOISE) == len(_NOISE) - 1
    changed = rows.with_columns(
        pl.Series("MHTERM", noisy, dtype=pl.String),
        _left=pl.when(apostrophe).then(clean + "'").otherwise(clean),
    )
    table = rewritten(ground.tables["edc_mh"], changed, ["MHTERM"])
    told = [noted("edc_mh", changed, note="cleaned")]
    if rows.height:
        told.append(stated("edc_mh", fate="mapped", rule="edc_mh.MHTERM.normalised"))
    return Planted({"edc_mh": table}, notes_of(*told))


def _foreign_bytes(ground: Ground) -> Planted:
    """A line in another encoding than the rest of the file."""
    source = "edc_dv"
    rows = ground.picked(source, pl.col("DVTERM").is_not_null())
    changed = rows.with_columns(DVTERM=pl.col("DVTERM") + f" {_QUOTE}")
    table = rewritten(ground.tables[source], changed, ["DVTERM"])
    told = [noted(source, changed, rule=f"{source}.encoding", subject=None)]
    if not rows.height:
        return Planted({}, notes_of(*told))
    told.append(stated(source, fate="mapped", rule=f"{source}.DVTERM.normalised"))
    return Planted({source: table}, notes_of(*told), {source: _as_windows})


def _as_windows(whole: bytes) -> bytes:
    return whole.replace(_QUOTE.encode(), _QUOTE.encode("cp1252"))


def _byte_order_mark(ground: Ground) -> Planted:
    """A mark of the byte order before the header: the file is read as if it were not there."""
    sources = ground.files(["edc_unb", "edc_dth", "edc_dseos", "edc_dstrt"], count=1)
    mark: Spoil = lambda whole: b"\xef\xbb\xbf" + whole  # noqa: E731 - a spoil is one expression
    told = [stated(source, fate="mapped", note="read as without the mark") for source in sources]
    return Planted({}, notes_of(*told), dict.fromkeys(sources, mark))


def _lost_hyphen(ground: Ground) -> Planted:
    """The subject's number without its hyphen, or with a blank for it: it is restored, and that is told."""
    lab = "lab_results"
    rows = ground.picked(lab, pl.col("LABTESTCD").is_in(["MG", "PHOS"]), by="LABTESTCD")
    blank = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("")).otherwise(pl.lit(" "))
    number = pl.col("SUBJID").str.split("-")
    changed = rows.with_columns(
        _subject=pl.col("SUBJID"), SUBJID=number.list.get(0) + blank + number.list.get(1)
    )
    table = rewritten(ground.tables[lab], changed, ["SUBJID"])
    rule = f"{lab}.SUBJID.renumbered"
    if rows.height <= _ONE_BY_ONE:
        return Planted({lab: table}, noted(lab, changed, subject="_subject", rule=rule))
    told = [noted(lab, changed, subject="_subject"), stated(lab, fate="mapped", rule=rule)]
    return Planted({lab: table}, notes_of(*told))


def _decode_mismatch(ground: Ground) -> Planted:
    """The printed text beside a code is that of another code."""
    rows = ground.picked("edc_vs", _EASY_VISIT & (pl.col("TEMPU") == "C"))
    changed = rows.with_columns(TEMPU_DEC=pl.lit("Fahrenheit"))
    table = rewritten(ground.tables["edc_vs"], changed, ["TEMPU_DEC"])
    return Planted(
        {"edc_vs": table}, noted("edc_vs", changed, fate="quarantined", rule="edc_vs.TEMPU_DEC.decode")
    )


def _midnight(ground: Ground) -> Planted:
    """A time of day 24:00, which the clock of the standard does not have."""
    rows = ground.picked("edc_vs", _EASY_VISIT & pl.col("VSTIM").is_not_null())
    changed = rows.with_columns(VSTIM=pl.lit("24:00"))
    table = rewritten(ground.tables["edc_vs"], changed, ["VSTIM"])
    return Planted({"edc_vs": table}, noted("edc_vs", changed, fate="quarantined", rule="edc_vs.VSTIM.time"))


KINDS: Final = (
    DefectKind("future_date", _future_date),
    DefectKind("text_noise", _text_noise),
    DefectKind("foreign_bytes", _foreign_bytes),
    DefectKind("byte_order_mark", _byte_order_mark),
    DefectKind("lost_hyphen", _lost_hyphen),
    DefectKind("decode_mismatch", _decode_mismatch),
    DefectKind("midnight", _midnight),
)
