"""The contracts say what the study design says: forms, columns and their order, code lists."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pipeline.contracts.catalog import contract_models
from pipeline.contracts.facts import column_facts
from pipeline.contracts.model import layout_of

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design"
FORMS = DESIGN / "tables" / "edc_forms.csv"
pytestmark = pytest.mark.skipif(not FORMS.exists(), reason="the study design is not beside this checkout")

MODELS = contract_models("bxu001_ra")
NOT_A_FIELD = {"SOC"}  # first word of a remark in RESC
GENERATED = re.compile(r"[RL](SH|EL|WR|MCP[1-5]|IP1|PIP[2-5]|KN)_(T|S|NER)|HAQ[0-9]{2}|RACE_[A-Z]+")
OPEN_LISTS = {"IETESTCD", "DSTRTREAS", "DSEOSSTAT"}  # the design names the list, not its codes
SAME_LIST = {"CMDOSFRQ", "CMROUTE", "PHGAU", "HAQPERF", "UPTYN", "AESER"}  # braces once, or not at all


def forms() -> list[dict[str, str]]:
    if not FORMS.exists():
        return []
    with FORMS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def collected_fields(text: str) -> dict[str, list[str]]:
    """Field -> its codes as section 4.1 writes them; generated fields left out."""
    without_remarks = re.sub(r"\([^)]*\)", "", text)
    fields: dict[str, list[str]] = {}
    pieces = re.split(r"[,;](?![^{]*\})", without_remarks)
    for piece in reversed(pieces):
        found = re.match(r"\s*(?:repeating: )?([A-Z][A-Z0-9_]*)\b[^{]*(?:\{(.*)\})?", piece)
        if found and found[1] not in NOT_A_FIELD and not GENERATED.fullmatch(found[1]):
            codes = [code.split()[0] for code in found[2].split(",")] if found[2] else []
            shared = fields.get("ACR70", []) if found[1] in {"ACR20", "ACR50"} else []
            shared = fields.get("EULESR", []) if found[1] == "EULCRP" else shared
            fields[found[1]] = codes or shared
    return dict(reversed(fields.items()))


def written_out(layout_columns: tuple[str, ...]) -> list[str]:
    return [name for name in layout_columns if not name.endswith("_DEC") and not GENERATED.fullmatch(name)]


@pytest.mark.parametrize("form", forms(), ids=lambda form: form["form"])
def test_a_form_has_the_columns_of_the_design_in_its_order(form):
    columns = layout_of(MODELS[f"edc_{form['form'].lower()}"]).columns
    assert written_out(columns[14:]) == list(collected_fields(form["fields"]))


@pytest.mark.parametrize("form", forms(), ids=lambda form: form["form"])
def test_a_list_of_codes_has_the_codes_of_the_design_and_its_text_follows_the_code(form):
    model = MODELS[f"edc_{form['form'].lower()}"]
    facts, columns = column_facts(model), layout_of(model).columns
    for field, codes in collected_fields(form["fields"]).items():
        if codes and field not in OPEN_LISTS:
            expected = [str(n) for n in range(1, 6)] if codes == ["1..5"] else codes
            assert list(facts[field].codes) == expected, field
        follows = columns[columns.index(field) + 1 : columns.index(field) + 2] == (f"{field}_DEC",)
        assert follows == (len(codes) > 1 or codes == ["1..5"] or field in SAME_LIST | OPEN_LISTS), field


def test_the_contracts_are_the_forms_in_the_order_of_the_design():
    edc = [name for name in MODELS if name.startswith("edc_")]
    assert edc == [f"edc_{form['form'].lower()}" for form in forms()]


def test_the_audit_columns_are_those_of_the_design():
    section = (DESIGN / "study-design.md").read_text(encoding="utf-8").split("### 4.1")[1]
    listed = section.split("`STUDYID,")[1].split("(OPEN")[0]
    names = ["STUDYID", *re.findall(r"\b[A-Z]{6,}\b", listed)]
    names = [name for name in names if name not in {"ACTIVE", "DELETED"}]
    for source, model in MODELS.items():
        if source.startswith("edc_"):
            assert list(layout_of(model).columns[:14]) == names


def test_the_laboratory_file_has_the_columns_of_the_design_in_its_order():
    section = (DESIGN / "study-design.md").read_text(encoding="utf-8").split("### 4.2")[1].split("### 4.3")[0]
    listed = [name for name in re.findall(r"^\| (\w+) \|", section, re.MULTILINE) if name != "Column"]
    assert list(layout_of(MODELS["lab_results"]).columns) == listed


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("rtsm_assign.csv", "rtsm_assign"),
        ("site_master.csv", "rtsm_sites"),
        ("rtsm_schedule.csv", "rtsm_schedule"),
        ("product_release.csv", "rtsm_product_release"),
        ("coding_meddra.csv", "coding_meddra"),
    ],
)
def test_the_other_files_have_the_columns_of_the_design_in_their_order(file, source):
    section = (DESIGN / "study-design.md").read_text(encoding="utf-8").split("### 4.3")[1]
    columns = re.search(rf"^\| `{file}` \| (.*?) \|", section, re.MULTILINE)
    assert columns is not None
    listed = re.sub(r"\([^)]*\)|\{[^}]*\}", "", columns[1])
    assert list(layout_of(MODELS[source]).columns) == [name.strip() for name in listed.split(",")]


def test_joints_and_questionnaire_items_are_those_of_the_tables():
    with (DESIGN / "tables" / "joints.csv").open(encoding="utf-8", newline="") as file:
        joints = [row["raw code"] for row in csv.DictReader(file)]
    with (DESIGN / "tables" / "haq_items.csv").open(encoding="utf-8", newline="") as file:
        roles = {f"HAQ{row['QSTESTCD'][5:]}": row["role"] for row in csv.DictReader(file)}
    generated = [name for name in layout_of(MODELS["edc_jc28"]).columns if GENERATED.fullmatch(name)]
    items = [f"{side}{joint}_{sign}" for joint in joints for side in "RL" for sign in "TS"]
    assert generated == items + [f"{side}{joint}_NER" for joint in joints for side in "RL"]
    haq = column_facts(MODELS["edc_haq"])
    assert [name for name in haq if GENERATED.fullmatch(name)] == list(roles)
    for name, role in roles.items():
        assert (haq[name].kind == "text") == role.endswith("text"), name
        assert (haq[name].label.endswith("difficulty")) == (role == "activity"), name


def test_fields_that_the_design_lists_as_not_submitted_have_a_reason():
    text = (DESIGN / "study-design.md").read_text(encoding="utf-8")
    table = text.split("Collected, not submitted")[1].split("### 4.2")[0]
    named = {
        *re.findall(r"\b(?:DSIC|IE|MHPRE|RESC|UNB|AE|CO|RAND)\.([A-Z]+)", table),
        *("UNBWHO", "ICWITHDAT", "CORECORDID", "LBDAT", "LBTIM", "LBFAST", "ACCESSN", "CMAENO", "DSAENO"),
        *("DTHAENO", "DTHCAUSE", "JCASSR", "PHGAASSR", "UPTYN", "RANDYN", "AEACCESSN"),
    }
    facts = {
        name: fact
        for source, model in MODELS.items()
        if source.startswith("edc_")
        for name, fact in column_facts(model).items()
    }
    performed = {name for name in facts if name.endswith("PERF")}
    assert [name for name in sorted(named | performed) if not facts[name].not_submitted] == []
    lab = re.search(r"^\| lab (.*?) \|", table, re.MULTILINE)
    assert lab is not None
    vendor = column_facts(MODELS["lab_results"])
    assert [name for name in lab[1].split(", ") if not vendor[name].not_submitted] == []
