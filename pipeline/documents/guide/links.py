"""Text as markup: everything escaped, and names of datasets, sections and appendices turned into links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from pipeline.documents.guide.blocks import dataset, section
from pipeline.documents.layout import LINK

_COLOUR = f"#{LINK.hexval()[2:]}"
_SECTION = r"[Ss]ection (?P<section>[0-9](?:\.[0-9]+)*)"
_APPENDIX = r"(?P<appendix>Appendix [IVX]+)"


class Links:
    """Makes markup whose links lead to ``anchors``, the destinations that the document has."""

    def __init__(self, anchors: Iterable[str]) -> None:
        self._anchors = set(anchors)
        names = sorted(
            each.removeprefix(dataset("")) for each in self._anchors if each.startswith(dataset(""))
        )
        named = (
            rf"(?<![\w.-])(?P<dataset>{'|'.join(map(re.escape, names))})(?:\.[A-Z][A-Z0-9]*)?(?![\w-])"
            if names
            else r"(?!)(?P<dataset>)"
        )
        self._pattern = re.compile(f"{_SECTION}|{_APPENDIX}|{named}")

    def markup(self, text: str, within: str = "") -> str:
        """``text`` with links, each destination once; the dataset ``within`` is none."""
        done, parts, at = {dataset(within)}, [], 0
        for found in self._pattern.finditer(text):
            anchor = self._anchor(found)
            if anchor in done or anchor not in self._anchors:
                continue
            done.add(anchor)
            parts += [escape(text[at : found.start()]), link(found.group(), anchor)]
            at = found.end()
        return "".join([*parts, escape(text[at:])])

    @staticmethod
    def _anchor(found: re.Match[str]) -> str:
        if found["dataset"]:
            return dataset(found["dataset"])
        return section(found["section"] or found["appendix"])


def link(text: str, anchor: str) -> str:
    """Blue text that leads to ``anchor``."""
    return f'<a href="#{anchor}" color="{_COLOUR}">{escape(text)}</a>'
