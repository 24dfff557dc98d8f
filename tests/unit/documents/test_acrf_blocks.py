"""How the fields of a form are printed together is told by their labels and annotations alone."""

from __future__ import annotations

from pipeline.documents.acrf.blocks import Single, Table, Ticks, blocks_of
from pipeline.documents.acrf.facts import Choice, Entry, Field, Note

YES_NO = (Choice("1", "Yes"), Choice("0", "No"))


def field(name: str, label: str, *notes: Note, entry: Entry = "text") -> Field:
    return Field(name, label, entry, notes, YES_NO if entry == "choice" else ())


def sign(joint: str, what: str, test: str, loc: str) -> Field:
    note = Note("MK", "MK.MKORRES", (f'MKTESTCD = "{test}"', f'MKLOC = "{loc}"'))
    return field(f"{joint}_{what[0].upper()}", f"{joint}: {what}", note, entry="choice")


def signs(joint: str) -> list[Field]:
    return [sign(joint, "tender", "TNDRIND", joint), sign(joint, "swollen", "SWLLIND", joint)]


def test_boxes_of_one_question_stand_together_and_share_an_annotation_that_is_the_same_for_all():
    note = Note("DM", "DM.RACE")
    (block,) = blocks_of(tuple(field(f"RACE_{n}", f"Race: {n}", note, entry="tick") for n in "AB"))
    assert isinstance(block, Ticks)
    assert (block.label, [each.label for each in block.fields], block.notes) == ("Race", ["A", "B"], (note,))


def test_boxes_with_their_own_annotations_keep_them():
    boxes = tuple(field(n, f"Serious: {n}", Note("AE", f"AE.{n}"), entry="tick") for n in ("DTH", "LIFE"))
    (block,) = blocks_of(boxes)
    assert isinstance(block, Ticks)
    assert block.notes == ()
    assert [each.notes[0].head for each in block.fields] == ["AE.DTH", "AE.LIFE"]


def test_a_box_alone_and_fields_without_a_common_question_are_printed_one_by_one():
    fields = (field("A", "Ongoing", entry="tick"), field("B", "Pain: 0 to 100"), field("C", "Date"))
    assert blocks_of(fields) == [Single(each) for each in fields]


def test_equal_questions_about_several_things_are_a_table_whose_conditions_are_split_between_rows_and_columns():
    date, count = field("DAT", "Date"), field("CNT", "Count")
    first, table, last = blocks_of((date, *signs("KNEE"), *signs("WRIST"), count))
    assert (first, last) == (Single(date), Single(count))
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == ["tender", "swollen"]
    assert [column.notes[0].when for column in table.columns] == [
        ('MKTESTCD = "TNDRIND"',),
        ('MKTESTCD = "SWLLIND"',),
    ]
    assert [(row.title, row.when) for row in table.rows] == [
        ("KNEE", ('MKLOC = "KNEE"',)),
        ("WRIST", ('MKLOC = "WRIST"',)),
    ]


def test_a_row_that_no_single_condition_tells_makes_no_table():
    odd = [sign("WRIST", "tender", "TNDRIND", "WRIST"), sign("WRIST", "swollen", "SWLLIND", "HAND")]
    assert all(isinstance(block, Single) for block in blocks_of((*signs("KNEE"), *odd)))


def test_a_row_with_another_annotation_makes_no_table():
    other = field("WRIST_S", "WRIST: swollen", Note(None, "[NOT SUBMITTED] unknown"), entry="choice")
    odd = [sign("WRIST", "tender", "TNDRIND", "WRIST"), other]
    assert all(isinstance(block, Single) for block in blocks_of((*signs("KNEE"), *odd)))
