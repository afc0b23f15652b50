"""Caption Settings: what is captioned, how, and where to. Checked by the same models as a config file."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any

from scenecap.errors import ConfigError
from scenecap.output.settings import Layout
from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.config.job_settings import CaptureKind
from scenecap.stage.settings import LabelSchema
from scenecap_ui.fields import Field, clear_errors
from scenecap_ui.observable import Observable
from scenecap_ui.settings_store import SettingsStore


class CameraMode(str, enum.Enum):
    """Which cameras are captioned."""

    ALL = "all"
    AUTO = "auto"
    SEVERAL = "several"
    ONE = "one"


LAYOUT_TITLES: Mapping[Layout, str] = {
    Layout.STANDALONE: "One folder per camera (IRC panel)",
    Layout.AGENT: "Agent generation (SceneGraphWriter)",
    Layout.OBJECT: "Object generation (IRO)",
}
SCHEMA_TITLES: Mapping[LabelSchema, str] = {
    LabelSchema.LABELS: "UsdSemantics labels (Isaac Sim 5 and later)",
    LabelSchema.LEGACY: "Legacy SemanticsAPI (Isaac Sim 4)",
    LabelSchema.BOTH: "Both schemas",
}

# "config: max_object_capacity: -1 is not allowed; give ...": the place is always the same here.
_FAULT = re.compile(r"^(?:config: )?(?P<key>\w+)[\w.]*: (?P<problem>.+)$")


class CaptionForm:
    """The fields of Caption Settings and of Labels."""

    def __init__(self) -> None:
        self.scene: Field[str] = Field("scene_path", "")
        self.camera_mode: Field[str] = Field("camera_mode", CameraMode.ALL.value)
        self.camera_path: Field[str] = Field("camera_path", "")
        self.cameras_chosen: Observable[frozenset[str]] = Observable(frozenset())
        self.brief: Field[bool] = Field("brief_caption", True)
        self.overall: Field[bool] = Field("global_caption", True)
        self.questions: Field[bool] = Field("qa_caption", True)
        self.full_graph: Field[bool] = Field("save_full_scene_graph", True)
        self.pruned_graph: Field[bool] = Field("save_pruned_scene_graph", True)
        self.overlay: Field[bool] = Field("visualize_caption", True)
        self.max_objects: Field[int] = Field("max_object_capacity", 100)
        self.pruning_ratio: Field[float] = Field("pruning_ratio", 1.0)
        self.seed: Field[int] = Field("random_seed", 0)
        self.resolution: Field[str] = Field("resolution", "1280x720")
        self.frames: Field[str] = Field("frames", "")
        self.output: Field[str] = Field("output_path", "")
        self.layout: Field[str] = Field("layout", Layout.STANDALONE.value)
        #: No config key: what becomes of the frames that a stopped run has left.
        self.start_over: Field[bool] = Field("start_over", False)
        self.label_database: Field[str] = Field("label_database", "")
        self.label_schema: Field[str] = Field("label_schema", LabelSchema.LABELS.value)
        self.fields: tuple[Field[Any], ...] = tuple(item for item in vars(self).values() if isinstance(item, Field))
        # Errors are put at the field that a key comes from.
        self._by_key: dict[str, Field[Any]] = {field.name: field for field in self.fields}
        self._by_key["cameras"] = self.camera_path
        self._by_key["use_ai_label"] = self.label_database

    def restore(self, store: SettingsStore) -> None:
        """Take what was kept; words that are no longer known fall back to the default."""
        for field in self.fields:
            field.restore(store)
        for field, words in (
            (self.camera_mode, CameraMode),
            (self.layout, Layout),
            (self.label_schema, LabelSchema),
        ):
            if field.value not in [item.value for item in words]:
                field.set(field.default)
        if self.camera_mode.value == CameraMode.SEVERAL:
            self.camera_mode.set(CameraMode.ALL.value)  # which ones is a matter of the scene, and not kept

    def keys(self) -> dict[str, object]:
        """Return the fields as config keys; what is empty is not given."""
        keys: dict[str, object] = {
            "cameras": self._cameras(),
            "brief_caption": self.brief.value,
            "global_caption": self.overall.value,
            "qa_caption": self.questions.value,
            "save_full_scene_graph": self.full_graph.value,
            "save_pruned_scene_graph": self.pruned_graph.value,
            "visualize_caption": self.overlay.value,
            "max_object_capacity": self.max_objects.value,
            "pruning_ratio": self.pruning_ratio.value,
            "random_seed": self.seed.value,
            "resolution": self.resolution.value.strip(),
            "layout": self.layout.value,
            "label_schema": self.label_schema.value,
        }
        for field in (self.scene, self.frames, self.output, self.label_database):
            if field.value.strip():
                keys[field.name] = field.value.strip()
        keys["use_ai_label"] = "label_database" in keys
        return keys

    def check(self, *, capture: CaptureKind, need_scene: bool, need_output: bool) -> ScenecapConfig | None:
        """Check the fields; what is wrong stands at the field afterwards.

        Args:
            capture: Where frames come from.
            need_scene: Whether a scene must be named.
            need_output: Whether frames are to be made: an output folder, cameras and a kind of result must be chosen.

        Returns:
            The config, or None where something is wrong.
        """
        clear_errors(self.fields)
        if need_scene and not self.scene.value.strip():
            self.scene.error.set("Choose a USD file.")
        if need_output:
            self._check_wishes()
        config: ScenecapConfig | None = None
        try:
            config = make_config({**self.keys(), "capture": capture.value})
        except ConfigError as error:
            self.show_faults(error.message.splitlines())
        return None if any(field.error.value for field in self.fields) else config

    def show_faults(self, lines: Iterable[str]) -> list[str]:
        """Put messages of a config error at their fields; return those that belong to none."""
        rest = []
        for line in lines:
            match = _FAULT.match(line)
            field = self._by_key.get(match["key"]) if match else None
            if field is None or match is None:
                rest.append(line)
            elif not field.error.value:
                field.error.set(match["problem"][:1].upper() + match["problem"][1:])
        return rest

    def _check_wishes(self) -> None:
        if not self.output.value.strip():
            self.output.error.set("Choose the folder for the results.")
        if self.camera_mode.value == CameraMode.ONE and not self.camera_path.value.strip():
            self.camera_path.error.set("Give a camera's prim path, or choose one from the list.")
        if self.camera_mode.value == CameraMode.SEVERAL and not self.cameras_chosen.value:
            self.camera_path.error.set("Tick at least one camera.")
        texts = (self.brief, self.overall, self.questions)
        files = (self.full_graph, self.pruned_graph, self.overlay)
        if not any(field.value for field in (*texts, *files)):
            self.brief.error.set("Choose at least one caption, graph or picture.")

    def _cameras(self) -> object:
        mode = CameraMode(self.camera_mode.value)
        if mode in (CameraMode.ALL, CameraMode.AUTO):
            return mode.value
        if mode is CameraMode.SEVERAL:
            return sorted(self.cameras_chosen.value) or CameraMode.ALL.value
        typed = [item.strip() for item in self.camera_path.value.split(",") if item.strip()]
        return typed or CameraMode.ALL.value
