"""What the panel does, without omni.ui: fields, messages, and the actions of its buttons.

All of it lives in the thread of the user interface. Actions that take long are coroutines of the backend, started on the
running event loop; one of them runs at a time.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from scenecap.caption.chat.engine import check_model
from scenecap.caption.chat.settings import ChatSettings
from scenecap.errors import ConfigError
from scenecap.output.manifest import FrameStatus
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.run.start_over import start_over
from scenecap_ui.backend import (
    Backend,
    CameraChoice,
    Cancelled,
    CancelToken,
    LabelAction,
    LabelPreview,
    LabelTarget,
    SceneInfo,
)
from scenecap_ui.caption_form import CameraMode, CaptionForm
from scenecap_ui.fields import Field, clear_errors
from scenecap_ui.messages import NO_MESSAGE, Message, Tone, counted, message_of
from scenecap_ui.model_form import ModelForm
from scenecap_ui.observable import Observable, Subscriptions
from scenecap_ui.results import FrameView, load_frame_view
from scenecap_ui.settings_store import MemoryStore, SettingsStore
from scenecap_ui.summaries import run_summary, scene_summary, stop_summary

NO_MODEL = "No model is given: nothing was sent. Captions are written from templates, which need no model and no network."
HOW_TO_USE = "Generate writes from templates; to let the model write, load these settings in a config with engine: chat."

MARKED = Message("Some settings are not right; they are marked.", Tone.ERROR)
#: Groups of the panel, and whether each is open at first.
GROUPS: Mapping[str, bool] = {"model": False, "captions": True, "labels": False, "result": True}


class Activity(str, enum.Enum):
    """What the panel is doing."""

    IDLE = "idle"
    CHECKING = "checking"
    LOADING = "loading"
    LABELLING = "labelling"
    GENERATING = "generating"


class PanelViewModel:
    """State and actions of the panel.

    Args:
        backend: Loads scenes and makes frames; the view-model closes it.
        store: Keeps the fields between sessions.
        environ: Environment that a key's variable is looked for in.
        capture: What configs say of where frames come from.
        ask_model: Asks a model one small question; called on a thread.
    """

    def __init__(
        self,
        backend: Backend,
        store: SettingsStore | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        capture: CaptureKind = CaptureKind.EMBEDDED,
        ask_model: Callable[[ChatSettings], tuple[bool, str]] = check_model,
    ) -> None:
        self.backend, self._ask_model = backend, ask_model
        self._store = store or MemoryStore()
        self._capture = capture
        self._tasks: set[asyncio.Task[None]] = set()
        self._token = CancelToken()
        self._output: Path | None = None  # of the run that is shown
        self._subscriptions = Subscriptions()

        self.model = ModelForm(environ)
        self.form = CaptionForm()
        self.label_target: Field[str] = Field("label_target", LabelTarget.SESSION.value)
        self.label_file: Field[str] = Field("label_file", "")
        #: Group of the panel -> whether it is open.
        self.opened: dict[str, Field[bool]] = {name: Field(f"open_{name}", default) for name, default in GROUPS.items()}
        own: tuple[Field[Any], ...] = (self.label_target, self.label_file, *self.opened.values())
        self._kept: tuple[Field[Any], ...] = (*self.model.fields, *self.form.fields, *own)

        self.activity: Observable[Activity] = Observable(Activity.IDLE)
        self.scene: Observable[SceneInfo | None] = Observable(None)
        self.preview: Observable[LabelPreview | None] = Observable(None)
        self.progress: Observable[tuple[int, int]] = Observable((0, 0))
        self.result: Observable[RunResult | None] = Observable(None)
        self.outcomes: Observable[tuple[FrameOutcome, ...]] = Observable(())
        self.frame_index: Observable[int] = Observable(-1)
        self.view: Observable[FrameView | None] = Observable(None)
        self.model_message: Observable[Message] = Observable(NO_MESSAGE)
        self.scene_message: Observable[Message] = Observable(NO_MESSAGE)
        self.label_message: Observable[Message] = Observable(NO_MESSAGE)
        self.run_message: Observable[Message] = Observable(NO_MESSAGE)

        self.model.restore(self._store)
        self.form.restore(self._store)
        for field in own:
            field.restore(self._store)
        for field in self._kept:
            self._subscriptions.add(field.subscribe(self._keeper(field), now=False))
        for field in self.model.fields:
            self._subscriptions.add(field.subscribe(lambda _: self.model_message.set(NO_MESSAGE), now=False))
        for field in self.form.fields:
            self._subscriptions.add(field.error.subscribe(self._forget_marked, now=False))

    def _keeper(self, field: Field[Any]) -> Callable[[Any], None]:
        return lambda _: field.persist(self._store)

    def _forget_marked(self, _: str) -> None:
        """Where the last marked field has been corrected, the messages that spoke of marks go."""
        if not any(field.error.value for field in self.form.fields):
            for message in (self.scene_message, self.label_message, self.run_message):
                if message.value == MARKED:
                    message.set(NO_MESSAGE)

    # -- model settings

    def check_model(self) -> None:
        """Check the model's fields, then ask it one small question."""
        if not self.model.check():
            self.model_message.set(MARKED)
        elif not self.model.url.value.strip():
            self.model_message.set(Message(NO_MODEL, Tone.INFO))
        else:
            self._start(Activity.CHECKING, self.model_message, self._check_model)

    async def _check_model(self) -> None:
        self.model_message.set(Message("Asking the model..."))
        good, words = await asyncio.to_thread(self._ask_model, self.model.settings())
        self.model_message.set(Message(f"{words} {HOW_TO_USE}") if good else Message(words, Tone.ERROR))

    # -- scene

    def load_scene(self) -> None:
        """Load the scene that is named, or take the open one."""
        self._start(Activity.LOADING, self.scene_message, self._load_scene)

    async def _load_scene(self) -> None:
        config = self.form.check(capture=self._capture, need_scene=not self.backend.has_open_stage, need_output=False)
        if config is None:
            self.scene_message.set(MARKED)
            return
        self.scene_message.set(Message("Loading..."))
        self._forget_scene()
        info = await self.backend.load_scene(config)
        self._show_scene(info)

    def refresh_cameras(self) -> None:
        """Look for cameras anew: one may have been added to the stage."""
        self._start(Activity.LOADING, self.scene_message, self._refresh_cameras)

    async def _refresh_cameras(self) -> None:
        info = self.scene.value
        if info is not None:
            cameras = await self.backend.cameras()
            self._show_scene(SceneInfo(info.name, info.path, cameras, info.problems, info.frames))

    def _forget_scene(self) -> None:
        self.scene.set(None)
        self.preview.set(None)
        self.label_message.set(NO_MESSAGE)

    def _show_scene(self, info: SceneInfo) -> None:
        known = {item.path for item in info.cameras if not item.unusable}
        self.form.cameras_chosen.set(self.form.cameras_chosen.value & known)
        self.scene.set(info)
        self.scene_message.set(scene_summary(info))

    def choose_cameras(self, mode: CameraMode, path: str = "") -> None:
        """Choose from the drop-down: a mode, with ONE a camera of the list."""
        if mode is CameraMode.ONE and path:
            self.form.camera_path.set(path)
        self.form.camera_path.error.set("")
        self.form.camera_mode.set(mode.value)

    def type_camera(self, text: str) -> None:
        """Type a camera's path, a glob, or several with commas."""
        if text != self.form.camera_path.value:
            self.form.camera_path.set(text)
            self.form.camera_mode.set(CameraMode.ONE.value if text.strip() else CameraMode.ALL.value)

    def tick_camera(self, path: str, chosen: bool) -> None:
        """Tick one of several cameras."""
        now = self.form.cameras_chosen.value
        self.form.camera_path.error.set("")
        self.form.cameras_chosen.set(now | {path} if chosen else now - {path})

    @property
    def usable_cameras(self) -> tuple[CameraChoice, ...]:
        """Cameras of the scene that can be captured."""
        info = self.scene.value
        return () if info is None else tuple(item for item in info.cameras if not item.unusable)

    # -- labels

    def preview_labels(self) -> None:
        """Show what writing labels would do."""
        self._start(Activity.LABELLING, self.label_message, self._preview_labels)

    async def _preview_labels(self) -> None:
        self.label_message.set(Message("Looking for objects..."))
        self.preview.set(None)
        preview = await self._labels_preview()
        if preview is not None:
            self._show_preview(preview)

    async def _labels_preview(self) -> LabelPreview | None:
        config = self._config_for_labels()
        if config is None:
            return None
        if self.scene.value is None:
            self._show_scene(await self.backend.load_scene(config))
        return await self.backend.preview_labels(config)

    def _show_preview(self, preview: LabelPreview) -> None:
        self.preview.set(preview)
        write, keep, skip = (preview.count(action) for action in LabelAction)
        if not preview.rows:
            self.label_message.set(Message("The scene has no objects.", Tone.WARNING))
            return
        parts = [f"{counted(write, 'prim')} without a label", f"{keep:,} with one"]
        if skip:
            parts.append(f"{skip:,} that cannot be labelled")
        self.label_message.set(Message(f"{', '.join(parts)}. Nothing is written yet.", Tone.INFO))

    def write_labels(self) -> None:
        """Write the labels to where the person chose."""
        self._start(Activity.LABELLING, self.label_message, self._write_labels)

    async def _write_labels(self) -> None:
        config = self._config_for_labels()
        if config is None:
            return
        target, path = LabelTarget(self.label_target.value), self.label_file.value.strip()
        if target is LabelTarget.LAYER and not path:
            self.label_file.error.set("Choose the label layer to write: .usda, .usd or .usdc.")
            self.label_message.set(NO_MESSAGE)
            return
        if self.scene.value is None:
            self._show_scene(await self.backend.load_scene(config))
        count = await self.backend.write_labels(config, target, path)
        labels = counted(count, "label")
        if target is LabelTarget.LAYER:
            self.label_message.set(Message(f"{labels} written to {path}. Open that file instead of the scene.", Tone.GOOD))
            return
        self._show_preview(await self.backend.preview_labels(config))
        self.label_message.set(Message(f"{labels} written to the session layer, which is never saved.", Tone.GOOD))

    def _config_for_labels(self):
        clear_errors((self.label_file,))
        loaded = self.scene.value is not None
        need = not (loaded or self.backend.has_open_stage)
        config = self.form.check(capture=self._capture, need_scene=need, need_output=False)
        if config is None:
            self.label_message.set(MARKED)
        return config

    # -- frames

    def generate(self) -> None:
        """Make all frames."""
        self._start(Activity.GENERATING, self.run_message, self._generate)

    def cancel(self) -> None:
        """Stop after the frame that is being made."""
        if self.activity.value is Activity.GENERATING and not self._token.cancelled:
            self._token.cancel()
            self.run_message.set(Message("Stopping after this frame..."))

    async def _generate(self) -> None:
        config = self.form.check(capture=self._capture, need_scene=not self.backend.has_open_stage, need_output=True)
        if config is None:
            self.run_message.set(MARKED)
            return
        self._token = CancelToken()
        self._forget_results()
        self.run_message.set(Message("Starting..."))
        loop = asyncio.get_running_loop()

        def progress(outcome: FrameOutcome, done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._show_progress, outcome, done, total)

        folder = Path(str(config.job.output_path)).absolute()
        try:
            if self.form.start_over.value:
                await asyncio.to_thread(start_over, folder)
            result = await self.backend.generate(config, progress, self._token)
        except Cancelled:
            self.run_message.set(stop_summary(self.outcomes.value, start_over=self.form.start_over.value))
            await self._show_first(folder)
            return
        self.result.set(result)
        self.outcomes.set(result.frames)
        self.progress.set((len(result.frames), len(result.frames)))
        self.run_message.set(run_summary(result, self.form.output.value.strip()))
        await self._show_first(result.output)

    def _forget_results(self) -> None:
        self.result.set(None)
        self.outcomes.set(())
        self.frame_index.set(-1)
        self.view.set(None)
        self.progress.set((0, 0))

    def _show_progress(self, outcome: FrameOutcome, done: int, total: int) -> None:
        if self.activity.value is not Activity.GENERATING or self.result.value is not None:
            return  # said late, when all was over
        self.outcomes.set((*self.outcomes.value, outcome))
        self.progress.set((done, total))
        if not self._token.cancelled:
            self.run_message.set(Message(f"{done} of {counted(total, 'frame')}: {outcome.row.camera}"))

    # -- results

    async def _show_first(self, output: Path) -> None:
        self._output = output
        written = [n for n, item in enumerate(self.outcomes.value) if item.row.status is FrameStatus.WRITTEN]
        if self.outcomes.value:
            await self._show_frame(written[0] if written else 0, output)

    def select_frame(self, index: int) -> None:
        """Show another frame of the result."""
        if self._output is not None and 0 <= index < len(self.outcomes.value) and index != self.frame_index.value:
            self._spawn(self._show_frame(index, self._output))

    async def _show_frame(self, index: int, output: Path) -> None:
        self.frame_index.set(index)
        outcomes = self.outcomes.value
        several = len({item.row.frame_index for item in outcomes}) > 1
        view = await asyncio.to_thread(load_frame_view, output, outcomes[index].row, several=several)
        if self.frame_index.value == index and self.outcomes.value is outcomes:  # else another was chosen meanwhile
            self.view.set(view)

    def open_folder(self) -> None:
        """Open the folder of the frame that is shown, else the output folder."""
        view = self.view.value
        folder = view.folder if view is not None else self.form.output.value.strip()
        if not folder:
            self.form.output.error.set("Choose the folder for the results.")
            return
        try:
            self.backend.open_folder(folder)
        except Exception as error:
            self.run_message.set(message_of(error))

    # -- tasks

    def _start(self, activity: Activity, message: Observable[Message], work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do one thing at a time; what goes wrong is said where the person looks."""
        if self.activity.value is not Activity.IDLE:
            return
        self.activity.set(activity)

        async def guarded() -> None:
            try:
                await work()
            except ConfigError as error:
                rest = self.form.show_faults(error.message.splitlines())
                message.set(Message("\n".join(rest), Tone.ERROR) if rest else MARKED)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                message.set(message_of(error))
            finally:
                self.activity.set(Activity.IDLE)

        self._spawn(guarded())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait_idle(self) -> None:
        """Wait until nothing runs any more."""
        while self._tasks:
            done, _ = await asyncio.wait(tuple(self._tasks))
            self._tasks -= done

    def destroy(self) -> None:
        """Stop what runs, and let go of the backend and of everybody who listens."""
        self._token.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        self._subscriptions.close()
        self.backend.close()
