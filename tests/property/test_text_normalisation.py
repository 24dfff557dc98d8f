import unicodedata

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.derive.text import normalised, not_ascii

TEXTS = st.lists(
    st.one_of(
        st.none(), st.text(max_size=12), st.text("ab \t\r\n\u00a0\u2019\u2013\u00b5\u03bc", max_size=12)
    )
)
PLAIN = st.lists(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
)


def cleaned(texts: list[str | None]) -> list[str | None]:
    return pl.DataFrame({"t": texts}, schema={"t": pl.String}).select(normalised(pl.col("t")))["t"].to_list()


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_what_is_normalised_stays_as_it_is(texts: list[str | None]) -> None:
    once = cleaned(texts)
    assert cleaned(once) == once
    assert [text is None for text in once] == [text is None for text in texts]


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_no_blank_is_left_but_single_spaces_between_words(texts: list[str | None]) -> None:
    for text in cleaned(texts):
        if text is not None:
            assert text == text.strip(" ")
            assert "  " not in text
            assert not {"\t", "\r", "\n", "\u00a0"} & set(text)
            assert unicodedata.is_normalized("NFC", text)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str | None]) -> None:
    assert cleaned(texts) == [cleaned([text])[0] for text in texts]


@settings(max_examples=40, deadline=None)
@given(PLAIN)
def test_plain_words_are_untouched_and_ascii(words: list[str]) -> None:
    text = " ".join(words)
    assert cleaned([text]) == [text]
    assert pl.DataFrame({"t": [text]}).select(not_ascii(pl.col("t"))).item() is False


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1))
def test_only_printable_ascii_passes_as_ascii(text: str) -> None:
    assert pl.DataFrame({"t": [text]}).select(not_ascii(pl.col("t"))).item() is (
        not (text.isascii() and text.isprintable())
    )
