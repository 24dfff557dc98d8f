"""The study's specification is complete in both directions, and the command says so."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.errors import EXIT_USAGE
from pipeline.flow.review import study_review
from pipeline.settings import Settings


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SDTM_HOME", str(tmp_path))
    monkeypatch.delenv("SDTM_STUDY", raising=False)
    return tmp_path


def test_every_column_variable_term_and_extension_of_the_study_is_decided():
    found = study_review(Settings.from_environment()).problems
    assert [str(each) for each in found] == []


def test_the_check_lists_what_the_review_finds_and_ends_accordingly(home):
    review = study_review(Settings.from_environment())
    ran = CliRunner().invoke(cli, ["spec", "--check", "--json"])
    told = json.loads(ran.stdout)
    assert [each["what"] for each in told["problems"]] == [each.what for each in review.problems]
    assert told["complete"] == (not review.problems)
    assert told["counts"] == review.counts
    assert told["page"] is None
    assert ran.exit_code == (EXIT_USAGE if review.problems else 0)
    assert list(home.iterdir()) == []


def test_the_page_is_written_below_the_home(home):
    ran = CliRunner().invoke(cli, ["spec"])
    assert ran.exit_code == 0
    place = home / "spec" / "bxu001_ra.html"
    assert place.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_check_may_write_the_page_where_it_is_wanted(home):
    target = home / "wanted" / "spec.html"
    CliRunner().invoke(cli, ["spec", "--check", "--to", str(target)])
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
