"""define.html: define.xml as a reviewer reads it, rendered by the stylesheet that lies beside it."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from lxml import etree

from pipeline.emit.define.page_check import require_whole
from pipeline.errors import BuildFailed

FILE = "define.html"
_XSL: Final = "{http://www.w3.org/1999/XSL/Transform}"
# What the stylesheet looks up by OID, thousands of times and each time from the first to the last.
_LOOKED_UP: Final = {
    "ItemDefs": "odm:ItemDef",
    "ItemGroupDefs": "odm:ItemGroupDef",
    "CodeLists": "odm:CodeList",
    "MethodDefs": "odm:MethodDef",
    "CommentDefs": "def:CommentDef",
    "WhereClauseDefs": "def:WhereClauseDef",
    "ValueListDefs": "def:ValueListDef",
}
_LOOK_UP: Final = re.compile(
    rf"(?:\$g_seq({'|'.join(_LOOKED_UP)})|\.\./\.\./odm:ItemDef)\[@OID=(\$\w+)\]".encode()
)


def stylesheet() -> bytes:
    """The stylesheet of Define-XML 2.1 as its makers publish it."""
    # found without importing the package, which would load a schema library that nothing here needs
    place = distribution("defineutils").locate_file("defineutils/definehtml/define2-1.xsl")
    return Path(str(place)).read_bytes()


def define_html(document: bytes) -> bytes:
    """The page for a define.xml; equal documents give equal pages, because the stylesheet sees no clock.

    The stylesheet may read and write nothing else. Raises BuildFailed if it reports an error,
    or if the page has an empty table or a link that leads nowhere.
    """
    closed = etree.XSLTAccessControl.DENY_ALL
    transform = etree.XSLT(_with_keys(stylesheet()), access_control=closed)
    try:
        page = bytes(transform(etree.fromstring(document)))
    except etree.XSLTApplyError:
        # not chained: the processor's message may quote a value of a codelist
        raise BuildFailed(FILE, "the stylesheet cannot render define.xml", "look at define.xml") from None
    require_whole(FILE, page, document)
    return page


def _with_keys(published: bytes) -> etree._Element:
    """The stylesheet with an index for each of its look-ups: the same page in a third of the time."""
    indexed = _LOOK_UP.sub(lambda found: b"key('%s', %s)" % (found[1] or b"ItemDefs", found[2]), published)
    root = etree.fromstring(indexed)
    for name, match in _LOOKED_UP.items():
        root.insert(0, root.makeelement(f"{_XSL}key", name=name, match=match, use="@OID"))
    return root
