"""Read the labels that are authored on prims, in both of the schemas that exist.

``UsdSemantics.LabelsAPI`` writes ``semantics:labels:<taxonomy>`` (token[]); the legacy ``SemanticsAPI`` of Isaac Sim 4
writes ``semantic:<instance>:params:semanticType`` and ``...:semanticData``. Both are read by attribute name, so neither
schema needs to be installed. Only what a prim itself says is read; who inherits it is discovery's to decide.
"""

from __future__ import annotations

from collections.abc import Iterable

from scenecap.errors import MissingExtraError
from scenecap.text import clean_text

try:
    from pxr import Usd
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Reading labels") from error

#: Namespace of UsdSemantics.LabelsAPI.
LABELS_NAMESPACE = "semantics:labels:"
#: Namespace of the legacy SemanticsAPI.
LEGACY_NAMESPACE = "semantic:"
_LEGACY_TYPE = ":params:semanticType"
_LEGACY_DATA = ":params:semanticData"

#: Most taxonomies, and labels in one, that are read; a stage with more is hostile or broken.
MAX_LABELS = 16


def read_labels(prim: Usd.Prim, *, time_code: float | None = None) -> dict[str, tuple[str, ...]]:
    """Read the labels that are authored on a prim itself.

    Args:
        prim: The prim.
        time_code: When; the first value without it.

    Returns:
        Taxonomy -> labels, clean and without duplicates; ``class`` first, the others by name. Empty where it has none.
    """
    time = Usd.TimeCode.EarliestTime() if time_code is None else Usd.TimeCode(time_code)
    found: dict[str, list[str]] = {}
    for attribute in prim.GetAuthoredPropertiesInNamespace(LABELS_NAMESPACE.rstrip(":")):
        if isinstance(attribute, Usd.Attribute):
            _add(found, attribute.GetName()[len(LABELS_NAMESPACE) :], _texts(attribute.Get(time)))
    for attribute in prim.GetAuthoredPropertiesInNamespace(LEGACY_NAMESPACE.rstrip(":")):
        name = attribute.GetName()
        if not isinstance(attribute, Usd.Attribute) or not name.endswith(_LEGACY_DATA):
            continue
        kind = prim.GetAttribute(name[: -len(_LEGACY_DATA)] + _LEGACY_TYPE)
        taxonomy = next(iter(_texts(kind.Get(time) if kind else None)), "class")
        _add(found, taxonomy, [part for text in _texts(attribute.Get(time)) for part in text.split(",")])
    order = sorted(found, key=lambda taxonomy: (taxonomy != "class", taxonomy))
    return {taxonomy: tuple(found[taxonomy]) for taxonomy in order if found[taxonomy]}


def _add(found: dict[str, list[str]], taxonomy: str, texts: Iterable[str]) -> None:
    taxonomy = clean_text(taxonomy) or "class"
    if taxonomy not in found and len(found) >= MAX_LABELS:
        return
    labels = found.setdefault(taxonomy, [])
    for text in texts:
        cleaned = clean_text(text)
        if cleaned and cleaned not in labels and len(labels) < MAX_LABELS:
            labels.append(cleaned)


def _texts(value: object) -> list[str]:
    """Return a string, token, or array of them as a list; anything else as nothing."""
    if isinstance(value, str):
        return [value]
    if value is None or isinstance(value, (bool, int, float)):
        return []
    try:
        items = list(value)  # type: ignore[call-overload]
    except TypeError:
        return []
    return [item for item in items[: 4 * MAX_LABELS] if isinstance(item, str)]
