"""Facts about polars and pyarrow that the transport writer relies on: a failure says who changed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

NEWEST = pl.CompatLevel.newest()


def test_polars_hands_over_text_as_views_without_a_copy() -> None:
    series = pl.Series(["short", None, "long enough to lie in a buffer", "123456789012"])
    array = series.to_arrow(compat_level=NEWEST)
    assert array.type == pa.string_view()
    validity, views, *buffers = array.buffers()
    assert validity is not None
    assert views.address == series.to_arrow(compat_level=NEWEST).buffers()[1].address
    rows = np.frombuffer(views, np.uint8).reshape(-1, 16)[array.offset :][: len(array)]
    assert rows[:, :4].copy().view(np.uint32).reshape(-1).tolist()[::2] == [5, 30]
    assert rows[0, 4:9].tobytes() == b"short"
    assert rows[3, 4:].tobytes() == b"123456789012"
    buffer, start = rows[2, 8:].copy().view(np.uint32).tolist()
    assert buffers[buffer].to_pybytes()[start : start + 30] == b"long enough to lie in a buffer"


def test_a_slice_is_told_by_an_offset_and_by_nothing_else() -> None:
    series = pl.Series([1.0, None, 3.0]).slice(1)
    array = series.to_arrow(compat_level=NEWEST)
    assert (len(array), array.null_count) == (2, 1)
    values = np.frombuffer(array.buffers()[1], np.float64)[array.offset :]
    assert values[1] == 3.0


def test_a_series_of_several_pieces_becomes_one_array() -> None:
    series = pl.concat([pl.Series(["a"]), pl.Series(["b"])], rechunk=False)
    assert series.n_chunks() == 2
    assert series.to_arrow(compat_level=NEWEST).to_pylist() == ["a", "b"]
