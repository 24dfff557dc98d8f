"""YAML in which what was written is what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SpecError
from pipeline.specs.text_yaml import line_of, read_yaml


def read(folder: Path, text: str | bytes) -> Any:
    path = folder / "study.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(path)


@pytest.mark.parametrize(
    "word",
    ["NO", "yes", "on", "null", "~", "01", "1.50", "1e3", "0x1F", "2027-01-01", "12:30:00", "true", ".5"],
)
def test_a_scalar_is_the_text_that_was_written(tmp_path: Path, word: str) -> None:
    assert read(tmp_path, f"{{{word}: [{word}]}}") == {word: [word]}


def test_an_empty_value_is_none_and_a_quoted_empty_one_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a:\nb: ''\nc: \"\"\n") == {"a": None, "b": "", "c": ""}


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None
    assert read(tmp_path, "# only a comment\n") is None


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x:\n  y: {k: 1, k: 2}\n", "'on': 1\non: 2\n"])
def test_a_repeated_key_is_refused_with_file_line_and_key(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError, match=r"study\.yaml:\d: key '(a|k|on)' repeats; keep one of the two"):
        read(tmp_path, text)


def test_an_anchor_repeats_its_value_and_a_merge_key_is_a_key_like_any_other(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {k: '1'}\nb: *x\nc: {<<: *x}\n") == {
        "a": {"k": "1"},
        "b": {"k": "1"},
        "c": {"<<": {"k": "1"}},
    }


@pytest.mark.parametrize(
    "text", ["a: [1, 2", "a:\n\t- b\n", "a: b: c\n", "- *nowhere\n", "!!python/object:os.system x\n"]
)
def test_text_that_is_not_yaml_is_refused_with_file_and_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError, match=r"study\.yaml:\d: .*; mend the YAML"):
        read(tmp_path, text)


@pytest.mark.parametrize("octets", [b"a: \xff\xfe\n", b"a: \x00\n"], ids=["not UTF-8", "a control character"])
def test_bytes_that_are_no_yaml_are_refused_with_the_file(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(SpecError, match=r"study\.yaml: is not YAML in UTF-8; mend the YAML"):
        read(tmp_path, octets)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nothing\.yaml: file is missing"):
        read_yaml(tmp_path / "nothing.yaml")


def test_an_entry_is_found_on_its_line_and_what_is_not_there_on_none(tmp_path: Path) -> None:
    read(
        tmp_path,
        "# a comment\nvariables:\n  A: {take: X}\n  B:\n    take: Y\n"
        "parts:\n  - source: one\n  - set: {A: {const: Z}}\n",
    )
    path = tmp_path / "study.yaml"
    places = {("variables", "A"): 3, ("variables", "B"): 4, ("parts", "1", "set", "A"): 8}
    assert {keys: line_of(path, keys) for keys in places} == places
    assert [
        line_of(path, keys) for keys in (("variables", "C"), ("parts", "7"), ("variables", "A", "take", "no"))
    ] == [0, 0, 0]
