import polars as pl
import pytest

from pipeline.derive.text import count_filled, normalised, not_ascii


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  two   words ", "two words"),
        ("line\r\nbreak\tand\u00a0space", "line break and space"),
        ("\u201csmart\u201d \u2018quotes\u2019", "\"smart\" 'quotes'"),
        ("2\u20133 \u2212 1", "2-3 - 1"),
        ("5 \u00b5g and 5 \u03bcg", "5 ug and 5 ug"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("   ", ""),
        (None, None),
    ],
)
def test_blanks_quotes_dashes_and_the_micro_sign_have_one_form(text: str | None, clean: str | None) -> None:
    frame = pl.DataFrame({"t": [text, "plain"]}, schema={"t": pl.String})
    assert frame.select(normalised(pl.col("t")))["t"].to_list() == [clean, "plain"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("plain ~ text", False), ("Caf\u00e9", True), ("a\x00b", True), ("\x7f", True), ("\u200b", True)],
)
def test_what_is_left_outside_ascii_is_told(text: str, found: bool) -> None:
    assert pl.DataFrame({"t": [text]}).select(not_ascii(normalised(pl.col("t")))).item() is found


def test_the_callers_column_is_not_changed_in_place() -> None:
    frame = pl.DataFrame({"t": [" a ", "b"]})
    frame.select(normalised(pl.col("t")))
    assert frame["t"].to_list() == [" a ", "b"]
    assert frame.clear().select(normalised(pl.col("t"))).schema == {"t": pl.String}


@pytest.mark.parametrize("text", ["a", "~~~~~", "", " ", "\u00a0\t", " x", "\u200b", "\u00e9", "\x7f", None])
def test_a_text_counts_as_filled_exactly_where_its_normal_form_is_not_blank(text: str | None) -> None:
    frame = pl.DataFrame({"t": [text, "", "!"]}, schema={"t": pl.String})
    clean = frame.select(normalised(pl.col("t")))["t"]
    assert frame.select(count_filled(pl.col("t"))).item() == clean.drop_nulls().ne("").sum()
