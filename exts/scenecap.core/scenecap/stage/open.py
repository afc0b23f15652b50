"""Open a USD stage safely: one clear line for what cannot be opened, a list of problems for what can be survived."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenecap.errors import MissingExtraError, StageError
from scenecap.text import clean_text, safe_name

try:
    from pxr import Sdf, Tf, Usd, UsdGeom, UsdUtils
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Reading a USD stage") from error

if TYPE_CHECKING:
    from pxr.Sdf import Layer

_LOG = logging.getLogger(__name__)

#: File name endings that are USD's own.
USD_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")
#: Most problems that are kept one by one; the rest are counted.
MAX_PROBLEMS = 50
#: Longest problem text [characters].
MAX_PROBLEM_LENGTH = 300

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")
_FORMAT_ARGS = re.compile(r":SDF_FORMAT_ARGS:[^@'\"\s]*")
_CODE_LOCATION = re.compile(r"^in \S+ at line \d+ of \S+ -- ")
_SITE = re.compile(r"^In </[^>]*>: ")
_INTRODUCED = re.compile(r" for (?:reference|payload|sublayer) introduced by @")
# Who asks for a file that is not there does not matter: one line for each file.
_INTRODUCER = re.compile(r"(introduced by @[^@]*@)</[^>]*>")
# Addresses in memory, with which no two runs would say the same.
_INSTANTIATING = re.compile(r"\s*\(instantiating stage on stage @[^@]*@ <0x[0-9a-f]+>\)")
_ANONYMOUS = re.compile(r",?@?anon:(?:0x)?[0-9a-fA-F]+:[^@]*@?")


@dataclass(frozen=True, eq=False)
class OpenStage:
    """A stage that is open for reading. Edits go to its session layer, never to the user's files.

    Attributes:
        stage: The stage; :func:`open_stage` makes the session layer its edit target.
        path: The file it was opened from (for a stage that lives in memory, its identifier).
        name: File-name-safe stem of the file, for people and paths.
        meters_per_unit: Length of a stage unit [m].
        up_axis: "X", "Y" or "Z".
        world_from_stage: (4, 4) float64 for row vectors, stage units and axes -> world [m], z up:
            ``p_world_h = p_stage_h @ world_from_stage``.
        stage_from_world: (4, 4) float64, its inverse.
        problems: What was wrong with the stage and survived: missing files, composition errors, bad metadata.
        start: First time code. A real time, never ``TimeCode.Default()``: a value with time samples only is read right.
        end: Last time code, ``>= start``.
        time_codes_per_second: Time codes per second.
    """

    stage: Usd.Stage
    path: str
    name: str
    meters_per_unit: float
    up_axis: str
    world_from_stage: np.ndarray
    stage_from_world: np.ndarray
    problems: list[str] = field(default_factory=list)
    start: float = 0.0
    end: float = 0.0
    time_codes_per_second: float = 24.0

    @property
    def session(self) -> Layer:
        """The session layer, where labels and variations go."""
        return self.stage.GetSessionLayer()

    def add_problem(self, text: str) -> None:
        """Note a problem once, cleaned and capped."""
        cleaned = _clean_problem(text, base=os.path.dirname(self.path))
        if cleaned and cleaned not in self.problems and len(self.problems) < 2 * MAX_PROBLEMS:
            self.problems.append(cleaned)

    def used_files(self) -> tuple[Path, ...]:
        """Return the files of all layers that the stage is made of, sorted."""
        layers: Iterable[Layer] = self.stage.GetUsedLayers()
        return tuple(sorted({Path(layer.realPath) for layer in layers if layer.realPath}))


@contextlib.contextmanager
def collect_diagnostics(into: list[str] | None = None) -> Iterator[list[str]]:
    """Keep USD's C++ diagnostics off the terminal while the block runs, and collect their texts.

    Args:
        into: List that gets the texts; a new one without it.
    """
    texts: list[str] = [] if into is None else into
    delegate = UsdUtils.CoalescingDiagnosticDelegate()
    try:
        yield texts
    finally:
        texts.extend(item.commentary for item in delegate.TakeUncoalescedDiagnostics())
        del delegate


def open_stage(path: str | os.PathLike[str]) -> OpenStage:
    """Open a USD file for reading, with all its payloads.

    Missing layers, unreadable references, cycles and bad stage metadata are noted in :attr:`OpenStage.problems`.

    Args:
        path: A .usd, .usda, .usdc or .usdz file on this machine.

    Raises:
        StageError: There is no such file, it is not USD, or it lives on a server.
    """
    file = _check_path(path)
    notes: list[str] = []
    with collect_diagnostics(notes):
        try:
            layer = Sdf.Layer.FindOrOpen(str(file))
            stage = None if layer is None else Usd.Stage.Open(layer, Sdf.Layer.CreateAnonymous("scenecap"), Usd.Stage.LoadAll)
        except Tf.ErrorException as error:
            raise _not_usd(file, _first_line(error)) from None
    if stage is None:
        raise _not_usd(file, _first_line(notes[0]) if notes else "")
    stage.SetEditTarget(stage.GetSessionLayer())
    return wrap_stage(stage, path=str(file), diagnostics=notes)


def wrap_stage(stage: Usd.Stage, *, path: str | None = None, diagnostics: Iterable[str] = ()) -> OpenStage:
    """Make an :class:`OpenStage` of a stage that is already open (one made in memory, or Kit's).

    Args:
        stage: The stage. Its edit target stays what it is.
        path: The file it came from; the root layer's without it.
        diagnostics: Texts that USD gave while it was opened.
    """
    root = stage.GetRootLayer()
    path = path or root.realPath or root.GetDisplayName() or "stage"
    notes: list[str] = []
    with collect_diagnostics(notes):
        errors = [str(error) for error in stage.GetCompositionErrors()] if hasattr(stage, "GetCompositionErrors") else []
    problems = _dedupe([*errors, *diagnostics, *notes], base=os.path.dirname(path))
    meters = _meters_per_unit(stage, problems)
    axis = _up_axis(stage, problems)
    start, end = _time_range(stage, problems)
    for problem in problems:
        _LOG.debug("%s: %s", path, problem)
    matrix = _world_from_stage(axis, meters)
    return OpenStage(
        stage=stage,
        path=path,
        name=safe_name(Path(path).stem),
        meters_per_unit=meters,
        up_axis=axis,
        world_from_stage=matrix,
        stage_from_world=np.linalg.inv(matrix),
        problems=problems,
        start=start,
        end=end,
        time_codes_per_second=float(stage.GetTimeCodesPerSecond()) or 24.0,
    )


def _check_path(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    shown = clean_text(text, limit=MAX_PROBLEM_LENGTH)
    if not text or "\0" in text:
        raise StageError("The path of the stage is empty or holds a NUL character.", remedy="Give a USD file.")
    if text.startswith("file://"):
        text = text[len("file://") :]
    scheme = _SCHEME.match(text)
    if scheme:
        raise StageError(
            f"'{shown}' is on a server ({scheme.group(1)}://), which cannot be read without Isaac Sim.",
            remedy="Download it with what it references (in Isaac Sim: File > Collect As) and give the local file.",
        )
    file = Path(text).expanduser()
    try:
        if file.is_dir():
            raise StageError(f"'{shown}' is a directory.", remedy=f"Give a USD file in it ({', '.join(USD_SUFFIXES)}).")
        if not file.exists():
            raise StageError(f"There is no file '{shown}'.", remedy="Check the path.")
        if not file.is_file():
            raise StageError(f"'{shown}' is not a regular file.", remedy="Give a USD file.")
        with file.open("rb"):
            pass
    except OSError as error:
        raise StageError(f"'{shown}' cannot be read: {error.strerror or error}.") from None
    if file.suffix.lower() not in USD_SUFFIXES:
        raise StageError(f"'{shown}' is not a USD file.", remedy=f"Give one that ends in {', '.join(USD_SUFFIXES)}.")
    return file.absolute()


def _not_usd(file: Path, why: str) -> StageError:
    why = why.replace(f"{file}:", "line ") if why.startswith(f"{file}:") else why
    return StageError(f"'{file}' cannot be read as USD{': ' + why if why else ''}.", remedy="Check it with usdchecker.")


def _first_line(error: object) -> str:
    text = str(error)
    # A Tf.ErrorException's text is "\n\tError in 'function' at line N in file F : 'what happened'".
    quoted = re.search(r" : '(.*)'\s*$", text, re.DOTALL)
    text = quoted.group(1) if quoted else text
    text = next((line for line in text.splitlines() if line.strip()), "")
    return clean_text(text, limit=MAX_PROBLEM_LENGTH).rstrip(". ")


def _clean_problem(text: str, *, base: str) -> str:
    text = _CODE_LOCATION.sub("", text.strip())
    for noise in (_SITE, _FORMAT_ARGS, _INSTANTIATING, _ANONYMOUS):
        text = noise.sub("", text)
    text = _INTRODUCER.sub(r"\1", text)
    if base:
        # Paths of this machine would make two runs in two folders differ.
        text = text.replace(base.rstrip("/") + "/", "")
    head, separator, tail = text.partition(" -- ")
    if separator and _INTRODUCED.search(head):
        text = head if "Cannot determine file format" not in tail else f"{head}: no reader for this file format"
    return clean_text(text, limit=MAX_PROBLEM_LENGTH).rstrip(". ")


def _dedupe(texts: Iterable[str], *, base: str) -> list[str]:
    unique = sorted({cleaned for text in texts if (cleaned := _clean_problem(text, base=base))})
    if len(unique) > MAX_PROBLEMS:
        unique = [*unique[:MAX_PROBLEMS], f"and {len(unique) - MAX_PROBLEMS} more problems of this kind"]
    return unique


def _meters_per_unit(stage: Usd.Stage, problems: list[str]) -> float:
    value = UsdGeom.GetStageMetersPerUnit(stage)
    if not (math.isfinite(value) and 1e-9 <= value <= 1e9):
        problems.append(f"metersPerUnit is {value}: 1.0 is used instead")
        return 1.0
    if not UsdGeom.StageHasAuthoredMetersPerUnit(stage):
        problems.append(f"metersPerUnit is not set: USD's default {value:g} (centimetres) is used")
    return float(value)


def _up_axis(stage: Usd.Stage, problems: list[str]) -> str:
    authored = stage.GetPseudoRoot().GetMetadata("upAxis") if stage.HasAuthoredMetadata("upAxis") else None
    axis = str(authored).upper() if authored is not None else str(UsdGeom.GetStageUpAxis(stage))
    if axis not in ("X", "Y", "Z"):
        problems.append(f"upAxis is '{clean_text(axis)}': Y is used instead")
        return "Y"
    if axis == "X":
        problems.append("upAxis is X, which USD does not define: +x is taken as up")
    return axis


def _time_range(stage: Usd.Stage, problems: list[str]) -> tuple[float, float]:
    if not stage.HasAuthoredTimeCodeRange():
        return 0.0, 0.0
    start, end = stage.GetStartTimeCode(), stage.GetEndTimeCode()
    if not math.isfinite(start) or not math.isfinite(end):
        problems.append(f"the time range {start}..{end} is not finite: time 0 is used")
        return 0.0, 0.0
    if end < start:
        problems.append(f"endTimeCode {end:g} is before startTimeCode {start:g}: only the start is used")
        return start, start
    return start, end


def _world_from_stage(axis: str, meters: float) -> np.ndarray:
    rows = {
        "X": ((0, 0, 1), (1, 0, 0), (0, 1, 0)),  # cyclic: x -> z, y -> x, z -> y
        "Y": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),  # USD's own Y-up to Z-up: (x, y, z) -> (x, -z, y)
        "Z": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    }[axis]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(rows, dtype=np.float64) * meters
    matrix.setflags(write=False)
    return matrix
