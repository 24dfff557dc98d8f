"""Who may plant where: two defects never meet in records that one of them needs untouched.

A *topic* is a source, or a part of one (``lab_results/CRP``). A defect that rests on several records *takes* their
topics of a subject for itself; a defect of one row only *uses* its topic, and others may use it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Claims:
    """What has been taken and used so far, by subject."""

    taken: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def may_take(self, subject: str, topics: Iterable[str]) -> bool:
        """True if nobody has taken or used any of ``topics`` of the subject, and no whole file holds them."""
        held = self.taken.get(subject, set()) | self.used.get(subject, set())
        return not any(_source(topic) in self.files or _meets(topic, held) for topic in topics)

    def may_use(self, subject: str, topic: str) -> bool:
        """True if nobody has taken the topic of the subject, and no whole file holds it."""
        return _source(topic) not in self.files and not _meets(topic, self.taken.get(subject, set()))

    def take(self, subjects: Iterable[str], topics: Sequence[str]) -> None:
        """Keeps ``topics`` of ``subjects`` from every other defect."""
        for subject in subjects:
            self.taken.setdefault(subject, set()).update(topics)

    def use(self, places: Iterable[tuple[str, str]]) -> None:
        """Notes that a row of (subject, topic) has a defect."""
        for subject, topic in places:
            self.used.setdefault(subject, set()).add(topic)

    def free_files(self, sources: Iterable[str]) -> list[str]:
        """Those of ``sources`` in which no defect has been planted."""
        topics = set().union(*self.taken.values(), *self.used.values())
        busy = {_source(topic) for topic in topics} | self.files
        return [source for source in sources if source not in busy]

    def take_files(self, sources: Iterable[str]) -> None:
        """Keeps whole files from every other defect."""
        self.files.update(sources)


def _source(topic: str) -> str:
    return topic.partition("/")[0]


def _meets(topic: str, others: set[str]) -> bool:
    """True if ``topic`` is one of ``others``, holds one of them, or is held by one."""
    return any(
        topic == other or topic.startswith(f"{other}/") or other.startswith(f"{topic}/") for other in others
    )
