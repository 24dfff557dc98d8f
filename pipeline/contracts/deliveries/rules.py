"""The rules of a study's deliveries, made from its specification. Each compares two columns of one small table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.findings import Severity
from pipeline.specs.models import Delivery

ARRIVAL: Final = "arrival"
FILES: Final = "deliveries"
SUBJECTS: Final = "presence"
VISITS: Final = "expected_visits"
TITLES: Final = {
    ARRIVAL: "The delivery as a whole: when it came, whether anything in it is new",
    FILES: "Every file: rows now and before, quarantined rows, how long its bytes are the same",
    SUBJECTS: "Randomized subjects that each source has",
    VISITS: "Planned visits that are due and recorded, by site",
}


@dataclass(frozen=True)
class Rule:
    """``value`` is at most (or at least) ``limit`` in every row of ``table``; a null in either is not judged.

    ``key`` names the rows of the table; ``told`` says what is expected, ``message`` what a breach is.
    """

    name: str
    table: str
    key: str
    value: str
    sense: Literal["at most", "at least"]
    limit: str
    severity: Severity
    told: str
    message: str
    action: str

    def rule_id(self, key: str) -> str:
        """Id of the rule in a finding about the row ``key``."""
        return f"{key if self.key == 'source' else 'delivery'}.{self.name}"


@dataclass(frozen=True)
class Breach:
    """A row that breaks a rule: its key, the value found, and the limit that was expected."""

    key: str
    value: int
    limit: int


def delivery_rules(delivery: Delivery) -> tuple[Rule, ...]:
    """What the study expects, in the order of the pages; a rule that it does not ask for is left out."""
    return (*_arrival(delivery), *_files(delivery), *_completeness(delivery))


def _arrival(delivery: Delivery) -> Iterator[Rule]:
    expected = delivery.expected
    if expected.every_days is not None:
        most = expected.every_days + expected.late_days
        yield Rule(
            "late", ARRIVAL, "delivery", "days_since_last", "at most", "most_days", Severity.WARN,
            f"A delivery comes at most {most} days after the one before, judged by their data cuts.",
            f"the data cut is more than {most} days after that of the delivery before",
            "ask the senders for the nights that are missing",
        )  # fmt: skip
    if expected.repeated_days is not None:
        # Nobody enters a day's data and takes all of it back, audit stamps too: what goes back is told at once.
        days = expected.repeated_days
        yield Rule(
            "repeated", ARRIVAL, "delivery", "repeated_days", "at most", "most_repeated_days", Severity.WARN,
            f"Something in the delivery changes within {days} days.",
            f"for more than {days} days every file has had the bytes of an earlier delivery",
            "ask the senders whether they sent an old export again",
        )  # fmt: skip
        yield Rule(
            "sent_again", ARRIVAL, "delivery", "went_back", "at most", "most_went_back", Severity.WARN,
            "The files are not those of an earlier delivery than the last one.",
            "every file has the bytes of a delivery before the last one: an old export came again",
            "ask the senders for the current export; the newer data of the last delivery are not in this one",
        )  # fmt: skip


def _files(delivery: Delivery) -> Iterator[Rule]:
    expected, quarantined = delivery.expected, delivery.quarantine_limit_percent
    if expected.shrink_limit_percent is not None:
        limit = expected.shrink_limit_percent
        yield Rule(
            "shrunk", FILES, "source", "rows", "at least", "least_rows", Severity.ERROR,
            f"A cumulative file has lost at most {limit} % of the rows of its last accepted delivery.",
            f"a cumulative file shrank by more than {limit} % against its last accepted delivery",
            "ask the sender; if it is right, let it through with './sdtm load --release SOURCE'",
        )  # fmt: skip
    yield Rule(
        "quarantine_limit", FILES, "source", "quarantined", "at most", "most_quarantined", Severity.WARN,
        f"At most {quarantined} % of a file's rows are quarantined.",
        f"more than {quarantined} % of the file's rows are quarantined",
        "look at the quarantined rows before trusting the source",
    )  # fmt: skip
    if expected.unchanged_days:
        yield Rule(
            "unchanged", FILES, "source", "unchanged_days", "at most", "most_unchanged_days", Severity.WARN,
            "A source that is expected to change has new bytes within the days that the study names.",
            "the file has had the same bytes for longer than the study expects",
            "ask the sender whether an old file was sent again",
        )  # fmt: skip


def _completeness(delivery: Delivery) -> Iterator[Rule]:
    expected = delivery.expected
    if expected.subjects_in:
        yield Rule(
            "subjects", SUBJECTS, "source", "missing", "at most", "most_missing", Severity.ERROR,
            "Every randomized subject has a row in the source.",
            "a randomized subject has no row in the source",
            "ask the sender for the subject's records",
        )  # fmt: skip
    if expected.visits_recorded_percent is not None:
        share = expected.visits_recorded_percent
        yield Rule(
            "visits", VISITS, "site", "recorded", "at least", "least_recorded", Severity.WARN,
            f"{share} % of the planned visits that are due are recorded, as done or as not done.",
            f"fewer than {share} % of the planned visits that are due are recorded",
            "ask the site to enter its visits",
        )  # fmt: skip
