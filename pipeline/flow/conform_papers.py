"""What the conformance of a package has to know of its PDFs."""

from __future__ import annotations

import logging
from pathlib import Path

from pypdf.errors import PyPdfError

from pipeline.emit.define.crf_notes import notes_by_page

_DAMAGED = (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def annotations_of(path: Path) -> tuple[str, ...] | None:
    """The annotations of a PDF page by page: none if there is no such file, None if it cannot be read as one."""
    if not path.is_file():
        return ()
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it remarks is told by the None
    try:
        return notes_by_page(path.read_bytes())
    except _DAMAGED:
        return None
