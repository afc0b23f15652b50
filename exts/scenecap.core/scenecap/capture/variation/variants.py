"""Switch variant sets: a stage is composed anew with other selections in its session layer; no file is written."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pxr import Sdf, Usd

from scenecap.capture.variation.settings import VariantChoice
from scenecap.contract import Change, ChangeKind
from scenecap.stage.draws import Draws
from scenecap.stage.open import OpenStage, collect_diagnostics, wrap_stage
from scenecap.text import clean_text, nearest

#: Variants may bring prims with sets of their own; so deep are they followed.
_ROUNDS = 4


@dataclass(frozen=True, order=True)
class Selection:
    """The variant of a set that a prim shows.

    Attributes:
        path: The prim.
        set_name: The set.
        variant: One of the set's.
    """

    path: str
    set_name: str
    variant: str

    def change(self) -> Change:
        """Return it for the dataset."""
        return Change(ChangeKind.VARIANT, self.path, {"set": self.set_name, "variant": self.variant})


def switched_stage(
    opened: OpenStage, choices: Sequence[VariantChoice], *, draws: Callable[..., Draws]
) -> tuple[OpenStage, tuple[Selection, ...]]:
    """Draw the variants of one variation and compose the stage with them.

    Sets that only exist in some variant of another are drawn too, where that variant is.

    Args:
        opened: The stage as authored; it is left as it is.
        choices: Which sets, which variants.
        draws: The random numbers.

    Returns:
        The stage, and what was selected, in the order of paths.
    """
    session = _session_of(opened)
    with collect_diagnostics():  # a file's own warnings come when it is read first, so they depend on what was made before
        stage = _composed(opened, session)
        chosen: dict[tuple[str, str], Selection] = {}
        for _ in range(_ROUNDS):
            found = [
                Selection(path, choice.variant_set, draws("variant", path, choice.variant_set).choice(offered))
                for choice in choices
                for path, offered in _sets(stage, choice)
                if (path, choice.variant_set) not in chosen
            ]
            if not found:
                break
            for item in found:  # of two choices that mean one set, the first counts
                if chosen.setdefault((item.path, item.set_name), item) is item:
                    _select(stage, item)
    return wrap_stage(stage, path=opened.path), tuple(sorted(chosen.values()))


def switched_prims(opened: OpenStage, selected: Iterable[Selection]) -> frozenset[str]:
    """Return the prims that show another variant than on the stage as authored."""

    def authored(item: Selection) -> str:
        prim = opened.stage.GetPrimAtPath(item.path)
        return prim.GetVariantSet(item.set_name).GetVariantSelection() if prim else ""

    return frozenset(item.path for item in selected if authored(item) != item.variant)


def unmatched_variants(opened: OpenStage, choices: Sequence[VariantChoice]) -> Mapping[str, str]:
    """Return choices that fit nothing on a stage: key and choice -> why, for a person."""
    missing: dict[str, str] = {}
    for number, choice in enumerate(choices):
        key = f"variations.variants.{number}"
        prims = [prim for prim in opened.stage.Traverse() if _means(choice, prim)]
        names = sorted({name for prim in prims for name in prim.GetVariantSets().GetNames()})
        with_set = [prim for prim in prims if prim.GetVariantSets().HasVariantSet(choice.variant_set)]
        known = sorted({name for prim in with_set for name in prim.GetVariantSet(choice.variant_set).GetVariantNames()})
        if not prims:
            missing[f"{key} prim"] = f"{key}.prim: '{choice.prim}' fits no prim of the stage"
        elif not with_set:
            missing[f"{key} set"] = f"{key}.variant_set: no prim of '{choice.prim}' has a set '{choice.variant_set}'" + _hint(
                choice.variant_set, names
            )
        for variant in choice.variants or ():
            if with_set and variant not in known:
                missing[f"{key} {variant}"] = f"{key}.variants: the set '{choice.variant_set}' has no '{variant}'" + _hint(
                    variant, known
                )
    return missing


def variant_files(opened: OpenStage, choices: Sequence[VariantChoice]) -> tuple[Path, ...]:
    """Return the files of all layers of a stage with any of the variants, sorted. Sets within variants are not combined."""
    files = set(opened.used_files())
    offered = [(path, choice.variant_set, names) for choice in choices for path, names in _sets(opened.stage, choice)]
    for turn in range(max((len(names) for _, _, names in offered), default=0)):
        with collect_diagnostics():
            stage = _composed(opened, _session_of(opened))
            for path, set_name, names in offered:
                _select(stage, Selection(path, set_name, names[min(turn, len(names) - 1)]))
            files |= {Path(layer.realPath) for layer in stage.GetUsedLayers() if layer.realPath}
    return tuple(sorted(files))


def _session_of(opened: OpenStage) -> Sdf.Layer:
    session = Sdf.Layer.CreateAnonymous("scenecap")
    session.TransferContent(opened.session)
    return session


def _composed(opened: OpenStage, session: Sdf.Layer) -> Usd.Stage:
    stage = Usd.Stage.Open(opened.stage.GetRootLayer(), session, opened.stage.GetPathResolverContext(), Usd.Stage.LoadAll)
    stage.SetEditTarget(session)
    return stage


def _select(stage: Usd.Stage, item: Selection) -> None:
    prim = stage.GetPrimAtPath(item.path)
    if prim:
        prim.GetVariantSet(item.set_name).SetVariantSelection(item.variant)


def _sets(stage: Usd.Stage, choice: VariantChoice) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the prims that a choice means and that have its set, with the variants to choose from, in stage order."""
    for prim in stage.Traverse():
        if _means(choice, prim) and prim.GetVariantSets().HasVariantSet(choice.variant_set):
            known = tuple(prim.GetVariantSet(choice.variant_set).GetVariantNames())
            offered = known if choice.variants is None else tuple(name for name in choice.variants if name in known)
            if offered:
                yield str(prim.GetPath()), offered


def _means(choice: VariantChoice, prim: Usd.Prim) -> bool:
    return fnmatch.fnmatchcase(str(prim.GetPath()), choice.prim)


def _hint(given: str, known: Sequence[str]) -> str:
    hint = nearest(given, tuple(known))
    if hint:
        return f"; did you mean '{clean_text(hint)}'?"
    return f"; there are {', '.join(map(clean_text, known[:8]))}" if known else ""
