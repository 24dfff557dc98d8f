"""The engine runs any study: refusals, versions, restricted files, and the ledger's lines."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.errors import SpecError, UsageError
from pipeline.simulate import DefectKind, FileForm, Generated, Ground, Planted, Streams, Tables, simulate
from pipeline.simulate.defects import LEDGER
from pipeline.simulate.ground import inserted, noted, notes_of, removed, rewritten, stated
from pipeline.simulate.records import as_known
from pipeline.specs.layout import SourceLayout

NIGHT = date(2030, 1, 31)
LAYOUTS = {
    "people": SourceLayout("people", "in/people.csv", ("WHO", "SAYS"), subject_column="WHO"),
    "secret": SourceLayout(
        "secret", "secret.csv", ("WHO", "ARM"), subject_column="WHO", restricted=True, required=False
    ),
}


def broken_line(ground: Ground) -> Planted:
    rows = ground.picked("people", pl.col("SAYS").is_not_null()).with_columns(SAYS=pl.lit("a\nb"))
    table = rewritten(ground.tables["people"], rows, ["SAYS"])
    return Planted({"people": table}, noted("people", rows, subject="WHO"))


def doubled(ground: Ground) -> Planted:
    table, new = inserted(ground.tables["people"], ground.picked("people"))
    return Planted({"people": table}, noted("people", new, fate="superseded", subject="WHO"))


def quiet(ground: Ground) -> Planted:
    subjects = ground.people(ground.tables["people"]["WHO"], ["people"])
    silent = ground.tables["people"].filter(pl.col("WHO").is_in(subjects))
    return Planted(
        {"people": removed(ground.tables["people"], silent)},
        noted("people", silent, fate="vanished", subject="WHO"),
    )


def told(ground: Ground) -> Planted:
    rows = ground.tables["secret"].head(1)
    return Planted({}, noted("secret", rows, subject="WHO", builds="unblinded", rule="X-1"))


def cut_short(ground: Ground) -> Planted:
    files = ground.files(["people"])
    notes = [stated(source, fate="refused", rule=f"{source}.delivery") for source in files]
    return Planted({}, notes_of(*notes), dict.fromkeys(files, lambda whole: whole[:9]))


def lucky(ground: Ground) -> Planted:
    rows = ground.picked("people", count=1).with_columns(SAYS=pl.lit("LUCKY"))
    table = rewritten(ground.tables["people"], rows, ["SAYS"])
    return Planted({"people": table}, stated(None, fate="mapped", rule="X-2", builds="unblinded"))


KINDS = {
    kind.name: kind
    for kind in (
        DefectKind("quiet", quiet, earlier=True),
        DefectKind("line", broken_line),
        DefectKind("twice", doubled),
        DefectKind("told", told, secret=True),
        DefectKind("lucky", lucky, secret=True),
        DefectKind("again", lambda _: Planted({}, notes_of()), earlier=True, alone=True),
        DefectKind("short", cut_short),
    )
}


class Village:
    defects = KINDS

    def generate(self, streams: Streams, subjects: int, as_of: date) -> Generated:
        names = [f"P{number:02}" for number in range(subjects * (as_of <= NIGHT))]
        words = [f"word {number}" for number in streams.uniform("words", subjects)]
        people = pl.DataFrame({"SAYS": words, "WHO": names})
        secret = pl.DataFrame({"WHO": names, "ARM": ["A"] * subjects})
        files = {"people": FileForm("in/people.csv"), "secret": FileForm("secret.csv")}
        return Generated({"people": people, "secret": secret}, files)

    def by_chance(self, tables: Tables) -> pl.DataFrame:
        lucky = int((tables["people"]["SAYS"] == "LUCKY").any())
        return notes_of(*[stated(None, fate="mapped", rule="X-2", builds="unblinded")] * (1 + lucky))


class OtherColumns(Village):
    def generate(self, streams: Streams, subjects: int, as_of: date) -> Generated:
        made = super().generate(streams, subjects, as_of)
        return Generated({"people": made.tables["people"].rename({"SAYS": "SAID"})}, made.files)


def run(folder: Path, **changes: object) -> object:
    given = {"subjects": 9, "seed": 1, "as_of": NIGHT} | changes
    return simulate(Village(), LAYOUTS, folder, **given)  # type: ignore[arg-type]


def test_a_delivery_has_the_columns_of_its_layout_in_order(tmp_path: Path) -> None:
    run(tmp_path / "out")
    assert (tmp_path / "out/in/people.csv").read_text().splitlines()[0] == "WHO,SAYS"


def test_restricted_sources_are_written_only_where_the_caller_says(tmp_path: Path) -> None:
    run(tmp_path / "without")
    assert not list(tmp_path.rglob("secret.csv"))
    run(tmp_path / "with", restricted=tmp_path / "vault")
    assert list(tmp_path.rglob("secret.csv")) == [tmp_path / "vault/secret.csv"]


def test_a_folder_that_holds_something_is_refused_and_an_empty_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run(tmp_path / "empty")
    with pytest.raises(UsageError, match="not empty") as refusal:
        run(tmp_path / "empty")
    assert "\n" not in str(refusal.value)


def test_a_refused_run_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault/old").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        run(tmp_path / "out", restricted=tmp_path / "vault")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["old", "vault"]


@pytest.mark.parametrize("inner", ["out", "out/vault", "."])
def test_the_restricted_folder_lies_apart_from_the_delivery(tmp_path: Path, inner: str) -> None:
    with pytest.raises(UsageError, match="--restricted"):
        run(tmp_path / "out", restricted=tmp_path / inner)


def test_a_table_that_does_not_fit_its_layout_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="SAID, SAYS"):
        simulate(OtherColumns(), LAYOUTS, tmp_path / "out", subjects=3, seed=1, as_of=NIGHT)
    assert not list(tmp_path.iterdir())


def test_no_subjects_and_unknown_defects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--subjects"):
        run(tmp_path / "out", subjects=0)
    with pytest.raises(
        UsageError, match="use none, all or of: quiet, line, twice, told, lucky, again, short"
    ):
        run(tmp_path / "out", defects="lines")


def test_a_ledger_line_counts_the_line_breaks_above_it(tmp_path: Path) -> None:
    run(tmp_path / "out", defects="line,twice")
    lines = (tmp_path / "out/in/people.csv").read_text().split("\n")
    ledger = pl.read_csv(tmp_path / "out.ledger.csv")
    assert ledger["kind"].to_list() == ["line", "line", "twice", "twice"]
    for kind, line, who in ledger.select("kind", "line", "subject").iter_rows():
        assert lines[line - 1].startswith(f"{who},")
        if kind == "twice":
            assert lines[line - 2] == lines[line - 1]
        else:
            assert lines[line - 1].endswith('"a')


def test_a_clean_delivery_has_a_ledger_without_rows(tmp_path: Path) -> None:
    run(tmp_path / "out")
    assert (tmp_path / "out.ledger.csv").read_text() == ",".join(LEDGER) + "\n"


def test_a_defect_disturbs_no_other_and_not_the_trial(tmp_path: Path) -> None:
    run(tmp_path / "one", defects="line")
    run(tmp_path / "both", defects="line,twice")
    one, both = (pl.read_csv(tmp_path / f"{name}.ledger.csv") for name in ("one", "both"))
    assert both.filter(pl.col("kind") == "line")["subject"].to_list() == one["subject"].to_list()


def test_a_defect_that_rests_on_a_subject_is_met_by_no_other(tmp_path: Path) -> None:
    run(tmp_path / "out", defects="quiet,line,twice", subjects=4)
    ledger = pl.read_csv(tmp_path / "out.ledger.csv")
    assert dict(ledger.group_by("kind").len().iter_rows()) == {
        "quiet": 2,
        "line": 2,
    }  # no row is left to repeat
    assert ledger["subject"].is_unique().all()
    gone = ledger.filter(pl.col("fate") == "vanished")["subject"]
    assert not set(gone) & set(pl.read_csv(tmp_path / "out/in/people.csv")["WHO"])


def test_the_clean_night_before_is_delivered_where_a_defect_needs_it(tmp_path: Path) -> None:
    run(tmp_path / "out", defects="line")
    assert not (tmp_path / "out.earlier").exists()
    run(tmp_path / "two", defects="quiet")
    assert len(pl.read_csv(tmp_path / "two.earlier/in/people.csv")) == 9
    assert len(pl.read_csv(tmp_path / "two/in/people.csv")) == 7


def test_what_only_the_unblinded_see_is_in_a_ledger_beside_their_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--restricted"):
        run(tmp_path / "out", defects="told")
    run(tmp_path / "out", defects="told,line", restricted=tmp_path / "vault")
    assert "X-1" not in (tmp_path / "out.ledger.csv").read_text()
    assert "X-1" in (tmp_path / "vault.ledger.csv").read_text()


def test_what_chance_finds_is_foreseen_once_beside_what_was_planted(tmp_path: Path) -> None:
    def rows(kinds: str) -> list[tuple[str, str]]:
        run(tmp_path / kinds, defects=kinds, restricted=tmp_path / f"{kinds} vault")
        return pl.read_csv(tmp_path / f"{kinds} vault.ledger.csv").select("kind", "rule").sort("kind").rows()

    assert rows("none") == [("by chance", "X-2")]
    assert rows("lucky") == [("by chance", "X-2"), ("lucky", "X-2")]
    assert rows("line") == [("by chance", "X-2")]


def test_a_night_in_which_nothing_is_new_is_foreseen(tmp_path: Path) -> None:
    found = {}
    for kinds in ("again", "again,line", "again,short"):
        run(tmp_path / kinds, defects=kinds)
        ledger = pl.read_csv(tmp_path / f"{kinds}.ledger.csv")
        found[kinds] = ledger.filter(pl.col("rule") == "delivery.nothing_new")["kind"].to_list()
    assert found == {"again": ["again"], "again,line": [], "again,short": ["by chance"]}


def test_a_whole_file_is_spoilt_only_where_no_other_defect_lies(tmp_path: Path) -> None:
    run(tmp_path / "alone", defects="short")
    assert (tmp_path / "alone/in/people.csv").read_bytes() == b"WHO,SAYS\n"
    note = pl.read_csv(tmp_path / "alone.ledger.csv").row(0, named=True)
    assert (note["fate"], note["file"], note["line"]) == ("refused", "in/people.csv", None)
    run(tmp_path / "both", defects="line,short")
    assert "short" not in pl.read_csv(tmp_path / "both.ledger.csv")["kind"]


def test_a_topic_has_its_own_stream_and_a_row_does_not_depend_on_later_rows() -> None:
    streams = Streams(5)
    assert not np.array_equal(streams.uniform("a", 4), streams.uniform("b", 4))
    assert np.array_equal(streams.normal("a", 9, 3)[:4], streams.normal("a", 4, 3))
    assert not np.array_equal(Streams(6).uniform("a", 4), streams.uniform("a", 4))


def record(**moments: datetime | None) -> pl.DataFrame:
    schema = dict.fromkeys(("_created", "_amended", "_deleted"), pl.Datetime("us"))
    frame = pl.DataFrame([moments], schema=schema)
    return frame.with_columns(TERM=pl.lit("after"), TERM__before=pl.lit("before"))


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [
        (date(2030, 1, 1), []),
        (date(2030, 1, 2), [("before", "ACTIVE", 1)]),
        (date(2030, 1, 5), [("after", "ACTIVE", 2)]),
        (date(2030, 1, 9), [("after", "DELETED", 3)]),
        (date(2030, 1, 10), []),
    ],
)
def test_a_record_appears_changes_is_shown_deleted_once_and_is_gone(
    as_of: date, shown: list[tuple[str, str, int]]
) -> None:
    life = record(
        _created=datetime(2030, 1, 2, 9), _amended=datetime(2030, 1, 5, 23), _deleted=datetime(2030, 1, 9, 12)
    )
    known = as_known(life, as_of)
    assert known.select("TERM", "_status", "_version").rows() == shown
    assert known["_modified"].dt.date().to_list() == [as_of] * len(shown)
