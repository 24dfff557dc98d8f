"""The annotations of an annotated CRF, read from its bytes again."""

from __future__ import annotations

import re
from io import BytesIO

from pypdf import PageObject, PdfReader

_COMMENT = "/FreeText"
_RUN = re.compile(r'"([A-Z0-9]*?)([0-9]+)" to "\1([0-9]+)"')


def notes_by_page(pdf: bytes) -> tuple[str, ...]:
    """The texts of the comments of every page, page by page; "" for a page without any."""
    return tuple(" ".join(_notes(page)) for page in PdfReader(BytesIO(pdf)).pages)


def _notes(page: PageObject) -> list[str]:
    found = [each.get_object() for each in page.annotations or ()]
    return [str(each["/Contents"]) for each in found if each["/Subtype"] == _COMMENT]


def is_annotated(notes: str, value: str) -> bool:
    """Whether the annotations name the value, on its own or within a run (``"RACE1" to "RACE6"``)."""
    if f'"{value}"' in notes:
        return True
    stem = value.rstrip("0123456789")
    number = value.removeprefix(stem)
    return bool(number) and any(
        name == stem and int(first) <= int(number) <= int(last) for name, first, last in _RUN.findall(notes)
    )
