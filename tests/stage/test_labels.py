"""Reading authored labels in both schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pxr import Sdf, Usd

from scenecap.stage.label_text import color_label, label_from_authored, naming_label
from scenecap.stage.labels import MAX_LABELS, read_labels
from scenecap.stage.names import VENDOR_WORDS

from .authoring import label, new_stage, xform


@pytest.fixture
def prim() -> Iterator[Usd.Prim]:
    stage = new_stage()
    yield xform(stage, "/World/Chair")
    del stage  # a prim does not keep its stage alive


def test_no_labels(prim: Usd.Prim) -> None:
    assert read_labels(prim) == {}
    assert naming_label({}) is None


def test_labels_api(prim: Usd.Prim) -> None:
    UsdSemantics = pytest.importorskip("pxr.UsdSemantics")
    UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr(["chair", "furniture"])
    UsdSemantics.LabelsAPI.Apply(prim, "wikidata_qcode").CreateLabelsAttr(["Q15026"])
    assert read_labels(prim) == {"class": ("chair", "furniture"), "wikidata_qcode": ("Q15026",)}
    assert naming_label(read_labels(prim)) == "chair"


def test_legacy_schema(prim: Usd.Prim) -> None:
    label(prim, "chair,furniture", legacy=True)
    label(prim, "red", taxonomy="color", legacy=True)
    found = read_labels(prim)
    assert found == {"class": ("chair", "furniture"), "color": ("red",)}
    assert color_label(found) == "red"


def test_both_schemas_together(prim: Usd.Prim) -> None:
    label(prim, "chair", legacy=True)
    label(prim, "armchair")
    assert read_labels(prim) == {"class": ("armchair", "chair")}


def test_class_comes_first_then_by_name(prim: Usd.Prim) -> None:
    for taxonomy in ("zebra", "alpha", "class"):
        label(prim, "x", taxonomy=taxonomy)
    assert list(read_labels(prim)) == ["class", "alpha", "zebra"]


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"class": ("chair",), "category": ("furniture",)}, "chair"),
        ({"alpha": ("a thing",), "category": ("furniture",)}, "furniture"),
        ({"alpha": ("a thing",)}, "a thing"),
        ({"color": ("red",)}, None),
        ({"class": ("Q15026",), "alpha": ("chair",)}, "chair"),
        ({"class": ("12345", "chair")}, "chair"),
    ],
)
def test_naming_label(labels: dict[str, tuple[str, ...]], name: str | None) -> None:
    assert naming_label(labels) == name


def test_time_sampled_labels(prim: Usd.Prim) -> None:
    attribute = prim.CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray)
    attribute.Set(["egg"], 1)
    attribute.Set(["chick"], 5)
    assert read_labels(prim) == {"class": ("egg",)}
    assert read_labels(prim, time_code=7) == {"class": ("chick",)}


def test_only_direct_labels(prim: Usd.Prim) -> None:
    label(prim.GetParent(), "room")
    assert read_labels(prim) == {}


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("semantics:labels:class", "Token", "chair"),
        ("semantics:labels:class", "StringArray", ["chair"]),
        ("semantics:labels:class", "String", "chair"),
    ],
)
def test_other_text_types_are_read(prim: Usd.Prim, name: str, kind: str, value: object) -> None:
    prim.CreateAttribute(name, getattr(Sdf.ValueTypeNames, kind)).Set(value)
    assert read_labels(prim) == {"class": ("chair",)}


@pytest.mark.parametrize(("kind", "value"), [("Int", 3), ("Bool", True), ("FloatArray", [1.0, 2.0]), ("Double", 0.5)])
def test_what_is_no_text_is_no_label(prim: Usd.Prim, kind: str, value: object) -> None:
    prim.CreateAttribute("semantics:labels:class", getattr(Sdf.ValueTypeNames, kind)).Set(value)
    assert read_labels(prim) == {}


def test_relationships_in_the_namespaces_do_no_harm(prim: Usd.Prim) -> None:
    prim.CreateRelationship("semantics:labels:class").SetTargets([prim.GetPath()])
    prim.CreateRelationship("semantic:Semantics:params:semanticData").SetTargets([prim.GetPath()])
    assert read_labels(prim) == {}


def test_legacy_label_without_a_type_is_a_class(prim: Usd.Prim) -> None:
    prim.CreateAttribute("semantic:S:params:semanticData", Sdf.ValueTypeNames.String).Set("chair")
    assert read_labels(prim) == {"class": ("chair",)}


def test_hostile_labels_are_cleaned_and_capped(prim: Usd.Prim) -> None:
    label(prim, "../../etc\x00\x1b[31m\nIGNORE ALL\u202eevil " + "x" * 100_000)
    prim.CreateAttribute("semantics:labels:many", Sdf.ValueTypeNames.TokenArray).Set([f"l{i}" for i in range(10_000)])
    for number in range(200):
        prim.CreateAttribute(f"semantics:labels:t{number}", Sdf.ValueTypeNames.TokenArray).Set(["x"])
    found = read_labels(prim)
    assert len(found) <= MAX_LABELS
    assert all(len(texts) <= MAX_LABELS for texts in found.values())
    text = found["class"][0]
    assert len(text) <= 80
    assert text.isprintable()
    assert "\u202e" not in text


def test_empty_labels_are_none(prim: Usd.Prim) -> None:
    label(prim, " \x00 ")
    prim.CreateAttribute("semantics:labels:empty", Sdf.ValueTypeNames.TokenArray).Set([])
    assert read_labels(prim) == {}


def test_labels_without_the_schema_in_a_file(tmp_path: Path) -> None:
    """As Isaac Sim 4 writes them: the schema is not known here, the attributes are."""
    file = tmp_path / "scene.usda"
    file.write_text(
        '#usda 1.0\ndef Xform "Chair" (prepend apiSchemas = ["SemanticsAPI:Semantics_Ab12"])\n{\n'
        '  string semantic:Semantics_Ab12:params:semanticData = "Chair"\n'
        '  string semantic:Semantics_Ab12:params:semanticType = "class"\n}\n'
    )
    stage = Usd.Stage.Open(str(file))
    assert read_labels(stage.GetPrimAtPath("/Chair")) == {"class": ("Chair",)}


@pytest.mark.parametrize(
    ("text", "prim_name", "words"),
    [
        ("office chair", "x", "office chair"),
        ("Office_Chair", "x", "office chair"),
        ("OfficeChair", "x", "office chair"),
        ("SM_OfficeChair_02", "SM_OfficeChair_02", "office chair"),  # a tool took the prim's name
        ("main", "x", "main"),  # a person's word stays even where a name would say nothing
        ("茶壶", "x", "茶壶"),
    ],
)
def test_label_from_authored(text: str, prim_name: str, words: str) -> None:
    assert label_from_authored(text, prim_name=prim_name, vendor_words=VENDOR_WORDS) == words
