"""Files made by hypothesis: any text in any field, written by the rules. Each of them must be read exactly."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pipeline.specs.layout import SourceLayout

_NASTY = '",;|\r\n\t a\u00e9\ufeff\u2028\x85\x1c\x1f\x01Ω😀'
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8) | st.text(
    _NASTY, max_size=8
)
_ROWS = 6


def files_for(layout: SourceLayout, count: int, number: int) -> list[bytes]:
    """``count`` files for one source; equal numbers give equal files."""
    made: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(_tables(layout), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
    def collect(rows: list[list[str]], always: bool, ending: str, marked: bool) -> None:
        text = "".join(
            _written(row, layout.separator, ending, always=always) for row in [list(layout.columns), *rows]
        )
        made.append((b"\xef\xbb\xbf" if marked else b"") + text.encode())

    collect()
    return made


def _tables(layout: SourceLayout) -> st.SearchStrategy[list[list[str]]]:
    fields = [
        st.sampled_from(layout.study_names) if name == layout.study_column and layout.study_names else _TEXT
        for name in layout.columns
    ]
    row = st.tuples(
        *(
            st.just("x") | field if name != layout.study_column else field
            for name, field in zip(layout.columns, fields, strict=True)
        )
    )
    return st.lists(row.map(list), min_size=1, max_size=_ROWS)


def _written(row: list[str], separator: str, ending: str, *, always: bool) -> str:
    if separator in "|\t":  # no quoting: what is syntax cannot be in a field
        plain = (value.replace(separator, "").replace("\r", "").replace("\n", "") for value in row)
        return separator.join(plain) + ending
    return separator.join(_field(value, separator, always=always) for value in row) + ending


def _field(value: str, separator: str, *, always: bool) -> str:
    if always or any(mark in value for mark in (separator, '"', "\r", "\n")):
        return '"' + value.replace('"', '""') + '"'
    return value
