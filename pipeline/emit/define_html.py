"""define.html: define.xml as a reviewer reads it, rendered by the stylesheet that lies beside it."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

from lxml import etree

from pipeline.errors import BuildFailed

FILE = "define.html"


def stylesheet() -> bytes:
    """The stylesheet of Define-XML 2.1 as its makers publish it."""
    # found without importing the package, which would load a schema library that nothing here needs
    place = distribution("defineutils").locate_file("defineutils/definehtml/define2-1.xsl")
    return Path(str(place)).read_bytes()


def define_html(document: bytes) -> bytes:
    """The page for a define.xml; equal documents give equal pages, because the stylesheet sees no clock.

    The stylesheet may read and write nothing else. Raises BuildFailed if it reports an error.
    """
    closed = etree.XSLTAccessControl.DENY_ALL
    transform = etree.XSLT(etree.fromstring(stylesheet()), access_control=closed)
    try:
        return bytes(transform(etree.fromstring(document)))
    except etree.XSLTApplyError:
        # not chained: the processor's message may quote a value of a codelist
        raise BuildFailed(FILE, "the stylesheet cannot render define.xml", "look at define.xml") from None
