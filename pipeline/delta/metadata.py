"""What two packages say about themselves, side by side: facts by place, and the order of variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

Place = tuple[str, str, str, str]  # kind, dataset or list, variable or term, where clause
Facts = Mapping[Place, Mapping[str, str]]
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_LABEL = "label"
_WITHIN = {"variable": "dataset", "value level": "variable", "term": "codelist"}


@dataclass(frozen=True)
class FactChange:
    """One place that came or went, or one aspect of a place that changed.

    For a place that came or went ``old`` or ``new`` is its label, and ``within`` says how many places (variables,
    value-level rows, terms) came or went with it; those are not told one by one.
    """

    kind: str
    group: str
    item: str
    where: str
    change: str
    aspect: str = ""
    old: str | None = None
    new: str | None = None
    within: int = 0

    @property
    def told(self) -> dict[str, str | int]:
        """What there is to say, as plain values; what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value}


def compare_facts(old: Facts, new: Facts) -> list[FactChange]:
    """Every difference, in the order of the newer document; what is gone comes last, in the order of the older."""
    gone = {place for place in old if place not in new}
    come = {place for place in new if place not in old}
    found: list[FactChange] = []
    for place, facts in new.items():
        if place in come:
            found += _whole(place, facts, ADDED, come)
        else:
            found += _aspects(place, old[place], facts)
    for place, facts in old.items():
        if place in gone:
            found += _whole(place, facts, REMOVED, gone)
    return found


def _whole(place: Place, facts: Mapping[str, str], change: str, others: set[Place]) -> Iterator[FactChange]:
    if _around(place) in others:
        return
    label, within = facts.get(_LABEL), sum(_is_within(each, place) for each in others)
    old, new = (label, None) if change == REMOVED else (None, label)
    yield FactChange(*place, change, old=old, new=new, within=within)


def _aspects(place: Place, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FactChange]:
    for aspect in dict.fromkeys([*new, *old]):
        if old.get(aspect) != new.get(aspect):
            yield FactChange(*place, CHANGED, aspect, old.get(aspect), new.get(aspect))


def _around(place: Place) -> Place | None:
    """The place that holds this one; None for one that stands for itself."""
    kind, group, item, _ = place
    outer = _WITHIN.get(kind)
    if outer is None:
        return None
    return (outer, group, item if outer in _WITHIN else "", "")


def _is_within(place: Place, outer: Place) -> bool:
    around = _around(place)
    return around is not None and (around == outer or _is_within(around, outer))


def moved(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The names that both have and that stand elsewhere among those: as few as explain the new order."""
    one, other = ([name for name in these if name in those] for these, those in ((old, new), (new, old)))
    stayed = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    kept = {name for block in stayed for name in other[block.b : block.b + block.size]}
    return [name for name in other if name not in kept]
