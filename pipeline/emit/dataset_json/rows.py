"""Records as JSON arrays, one a line: text as it is, numbers as the transport file holds them."""

from __future__ import annotations

import polars as pl

from pipeline.emit.xpt.numbers import doubles
from pipeline.emit.xpt.place import Place

BETWEEN = ",\n"
_NULL = "null"
_CONTROL = r"[\x00-\x1f]"


def json_rows(frame: pl.DataFrame, numbers: set[str], dataset: str, first: int) -> str:
    """The records of ``frame``, one array a line; "" if it has none.

    ``numbers`` names the numeric columns, ``first`` numbers the frame's first record (from 1). Null is
    ``null`` and "" is "". Numbers have the fewest digits that say the double exactly. Raises BuildFailed for
    a number that a transport file could not hold and for control characters.
    """
    if frame.is_empty():
        return ""
    cells = []
    for name in frame.columns:
        place = Place(dataset, name, first)
        cell = _numbers(frame[name], place) if name in numbers else _texts(frame[name], place)
        cells.append(cell.alias(name))
    lines = pl.DataFrame(cells).select(
        pl.concat_str(pl.lit("["), pl.concat_str(pl.all(), separator=","), pl.lit("]")).str.join(BETWEEN)
    )
    text: str = lines.item()
    return text


def _numbers(series: pl.Series, place: Place) -> pl.Series:
    values = pl.Series(doubles(series, place) + 0.0)  # adding 0 leaves no -0, as in a transport file
    text = values.cast(pl.String).str.strip_suffix(".0")
    return text.set(series.is_null(), _NULL)


def _texts(series: pl.Series, place: Place) -> pl.Series:
    if series.dtype == pl.Null:
        return pl.Series([_NULL]).new_from_index(0, len(series))
    if series.dtype != pl.String:
        place.refuse(
            f"is a Char in the specification but a {series.dtype} in the frame", "cast it where it is derived"
        )
    bad = series.str.contains(_CONTROL).fill_null(value=False).to_numpy()
    place.refuse_where(bad, "has a control character", "map the character where it is derived")
    escaped = series.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    quoted: pl.Series = '"' + escaped + '"'
    return quoted.fill_null(_NULL)
