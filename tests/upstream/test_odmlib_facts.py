"""What define.xml relies on in odmlib, lxml and the stylesheet: a new version that differs shows here."""

from __future__ import annotations

import re

import pytest
from lxml import etree
from odmlib import ns_registry, schema_manager
from odmlib.define_2_1 import model as odm
from odmlib.exceptions import OdmlibError

from pipeline.emit.define.page import stylesheet


def test_the_schemas_of_define_xml_2_1_compile_in_lxml() -> None:
    schema = etree.XMLSchema(etree.parse(schema_manager.get_schema_path("define", "2.1")))
    assert not schema.validate(etree.fromstring(b"<ODM xmlns='http://www.cdisc.org/ns/odm/v1.3'/>"))
    assert schema.error_log[0].line == 1


def test_attributes_keep_the_order_in_which_they_are_set() -> None:
    item = odm.ItemDef(OID="IT.X", Name="X", DataType="text")
    item.Length = 3
    ns_registry.NamespaceRegistry(
        prefix="odm", uri="http://www.cdisc.org/ns/odm/v1.3", is_default=True, is_reset=True
    )
    assert re.search(r'OID="IT.X" Name="X" DataType="text" Length="3"', item.to_xml_string())


def test_children_stand_in_the_order_of_the_schema_however_they_were_set() -> None:
    item = odm.ItemDef(OID="IT.X", Name="X", DataType="text")
    item.Origin = [odm.Origin(Type="Collected", Source="Subject")]
    item.CodeListRef = odm.CodeListRef(CodeListOID="CL.X")
    item.Description = odm.Description(TranslatedText=[odm.TranslatedText(_content="x", lang="en")])
    element = item.to_xml()
    assert element is not None
    assert [child.tag for child in element] == ["Description", "CodeListRef", "def:Origin"]


def test_a_value_outside_the_terminology_of_define_xml_is_refused() -> None:
    with pytest.raises(OdmlibError):
        odm.ItemRef(ItemOID="IT.X", Mandatory="Perhaps")


def test_lists_of_elements_can_be_appended_to_without_being_set_first() -> None:
    values = odm.ValueListDef(OID="VL.X")
    values.ItemRef.append(odm.ItemRef(ItemOID="IT.X", Mandatory="No"))
    assert len(values.ItemRef) == 1
    assert len(odm.ValueListDef(OID="VL.Y").ItemRef) == 0


def test_the_stylesheet_asks_for_no_clock_and_no_generated_ids() -> None:
    text = stylesheet().decode()
    assert "current-date" not in text
    assert "generate-id" not in text
    assert "date:date" not in text
    assert "document(" not in text
