"""The methods of define.xml: each once, with its sentence and, where the study gives one, its formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.words import described
from pipeline.errors import BuildFailed
from pipeline.specs.metadata import Method, for_dataset

CONTEXT = "Python"
_VARIABLE = 2  # steps of the place of a variable; the place of a value-level row has more


@dataclass(frozen=True)
class Said:
    """One method as define.xml tells it."""

    name: str
    sentence: str
    kind: str = "Computation"
    formula: str | None = None


@dataclass
class MethodBook:
    """Collects methods while items are described: OID -> method."""

    known: Sequence[Method]
    methods: dict[str, Said] = field(default_factory=dict)

    def add(self, place: str, sentence: str | None) -> str:
        """OID of the method of ``place`` (``AE.AESTDY``), told by ``sentence`` unless the study has one for it.

        A variable that several datasets share has one method as long as they say the same. Raises BuildFailed
        if nothing says how the value is derived.
        """
        dataset = place.partition(".")[0]
        given = method_at(self.known, place)
        text = (given.says if given else None) or sentence
        if not text:
            raise BuildFailed(place, "is derived and no sentence says how", "add it to the specification")
        if given is None:
            said = Said("Algorithm", text)
        else:
            formula = for_dataset(given.python, dataset) if given.python else None
            said = Said(for_dataset(given.name, dataset), text, given.kind, formula)
        for oid in self._oids(place):
            if self.methods.setdefault(oid, said) == said:
                return oid
        raise AssertionError(place)  # a place is described once

    def knows(self, place: str) -> bool:
        """Whether the study gives a method for exactly this place."""
        return method_at(self.known, place) is not None

    def _oids(self, place: str) -> tuple[str, ...]:
        dataset, rest = place.split(".", 1)
        shared = len(place.split(".")) == _VARIABLE and not rest.startswith(dataset)
        return (f"MT.{rest}", f"MT.{place}") if shared else (f"MT.{place}",)

    def elements(self) -> list[odm.MethodDef]:
        """MethodDef elements in order of their OIDs."""
        return [_element(oid, said) for oid, said in sorted(self.methods.items())]


def method_at(known: Sequence[Method], place: str) -> Method | None:
    """The method of exactly this place, the last one if several are given; None if none is."""
    dataset = place.partition(".")[0]
    return next((each for each in reversed(known) if each.covers(place, dataset)), None)


def _element(oid: str, said: Said) -> odm.MethodDef:
    name = f"{said.name} ({oid.removeprefix('MT.')})"
    element = odm.MethodDef(OID=oid, Name=name, Type=said.kind, Description=described(said.sentence))
    if said.formula:
        element.FormalExpression = [odm.FormalExpression(Context=CONTEXT, _content=said.formula)]
    return element
