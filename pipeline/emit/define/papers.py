"""The documents beside the datasets, and the pages of the annotated CRF that define.xml points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from odmlib.define_2_1 import model as odm

CRF, CRF_FILE = "LF.acrf", "acrf.pdf"
GUIDE, GUIDE_FILE = "LF.csdrg", "csdrg.pdf"
COLLECTED, ON_FORMS = "Collected", ("Investigator", "Subject")


@dataclass(frozen=True)
class Papers:
    """What lies beside the datasets: the annotated CRF if ``pages`` names any, the reviewer's guide if ``guide``.

    ``pages``: ``DM.SEX``, ``SUPPDM.QVAL.RACEOTH`` or another row of a value list -> physical pages from 1.
    """

    pages: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    guide: bool = False

    def reference(self, place: str, kind: str, source: str) -> odm.DocumentRef | None:
        """The pages where the value is written down; None unless it is, or if no page is known.

        A value-level row without pages of its own has those of its variable.
        """
        if kind != COLLECTED or source not in ON_FORMS:
            return None
        variable = ".".join(place.split(".")[:2])
        pages = self.pages.get(place) or self.pages.get(variable) or ()
        if not pages:
            return None
        told = " ".join(str(page) for page in sorted(set(pages)))
        return odm.DocumentRef(leafID=CRF, PDFPageRef=[odm.PDFPageRef(Type="PhysicalRef", PageRefs=told)])

    def put_into(self, version: odm.MetaDataVersion) -> None:
        """Adds the documents to the metadata, each with its leaf."""
        if self.pages:
            version.AnnotatedCRF = odm.AnnotatedCRF(DocumentRef=odm.DocumentRef(leafID=CRF))
            version.leaf.append(_leaf(CRF, CRF_FILE, "Annotated Case Report Form"))
        if self.guide:
            version.SupplementalDoc = odm.SupplementalDoc(DocumentRef=[odm.DocumentRef(leafID=GUIDE)])
            version.leaf.append(_leaf(GUIDE, GUIDE_FILE, "Clinical Study Data Reviewer's Guide"))


def _leaf(oid: str, file: str, title: str) -> odm.leaf:
    return odm.leaf(ID=oid, href=file, title=odm.title(_content=title))
