"""The documents beside the datasets, and the pages of the annotated CRF that define.xml points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.levels import Where, meets
from pipeline.emit.submitted import Facts

CRF, CRF_FILE = "LF.acrf", "acrf.pdf"
GUIDE, GUIDE_FILE = "LF.csdrg", "csdrg.pdf"
# Variable (``DM.SEX``, ``SUPPDM.QVAL``) -> for each annotation its physical page from 1, and the values that its
# records can have in other variables.
Pages = Mapping[str, tuple[tuple[int, Facts], ...]]
COLLECTED, ON_FORMS = "Collected", ("Investigator", "Subject")


@dataclass(frozen=True)
class Papers:
    """What lies beside the datasets: the annotated CRF if ``pages`` names any, the reviewer's guide if ``guide``."""

    pages: Pages = field(default_factory=dict)
    guide: bool = False

    def reference(
        self, place: str, kind: str, source: str, where: Where = (), apart: tuple[Where, ...] = ()
    ) -> odm.DocumentRef | None:
        """The pages where the value is written down; None unless it is, or if no page is known.

        ``where`` are the conditions of a value-level row: only annotations whose records can meet them count.
        Annotations whose records are known to meet one of ``apart`` do not: those values come from somebody else.
        """
        if kind != COLLECTED or source not in ON_FORMS:
            return None
        spots = self.pages.get(".".join(place.split(".")[:2]), ())
        told_of = {name for _, facts in spots for name in facts}
        pages = {
            page
            for page, facts in spots
            if meets(facts, where, told_of) and not any(meets(facts, each) for each in apart)
        }
        if not pages:
            return None
        told = " ".join(str(page) for page in sorted(pages))
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
