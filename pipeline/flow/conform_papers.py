"""The PDF documents of a package as far as define.xml points into them."""

from __future__ import annotations

import logging
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError


def pages_of(path: Path) -> int | None:
    """Pages of a PDF: 0 if there is no such file, None if it cannot be read as one."""
    if not path.is_file():
        return 0
    logging.getLogger("pypdf").setLevel(
        logging.CRITICAL
    )  # what it remarks on a damaged file is told by the None
    try:
        return len(PdfReader(path).pages)
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
