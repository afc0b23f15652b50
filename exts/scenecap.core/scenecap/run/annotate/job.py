"""Draw assets, ask a model about them, store what it says as it comes; several requests at a time."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from scenecap.caption.chat.assets.model import AssetAnswer, SeenAsset
from scenecap.caption.chat.client import Clock
from scenecap.caption.chat.errors import ChatError, TransientError
from scenecap.capture.settings import Quality
from scenecap.capture.turntable.sheet import draw_sheet
from scenecap.capture.turntable.studio import AssetViews, Studio
from scenecap.capture.turntable.views import MAX_VIEWS, MIN_VIEWS
from scenecap.contract import LabelSource
from scenecap.errors import CaptureError, StageError, UsageError
from scenecap.run.annotate.assets import Asset, Choice, Skip, choose_assets, names_only, one_asset
from scenecap.run.annotate.sheets import SheetNote, remarks_of, write_note, write_sheet
from scenecap.run.config import ScenecapConfig
from scenecap.run.inspection import Inspection, inspect_stage
from scenecap.stage.label_database import EntrySource, LabelDatabase, LabelEntry, write_entries
from scenecap.stage.open import open_stage
from scenecap.stage.selector import nothing_selected

_LOG = logging.getLogger(__name__)
#: Why an asset whose label the model does not know has no entry.
NOT_KNOWN = "the model does not know what it is."


@dataclass(frozen=True)
class AnnotateOptions:
    """What is asked about, and how it is drawn.

    Attributes:
        choice: Which assets.
        limit: Most assets; None for all.
        whole_files: Take each file for one asset with everything in it, not for a scene.
        sheets: Folder that the sheets are written to; None writes none.
        quality: Of the pictures.
        views: Of each asset.
        edge: Of each view [px].
        dry_run: Ask and store nothing.
    """

    choice: Choice = field(default_factory=Choice)
    limit: int | None = None
    whole_files: bool = False
    sheets: Path | None = None
    quality: Quality = Quality.DRAFT
    views: int = 6
    edge: int = 320
    dry_run: bool = False


@dataclass(frozen=True)
class Annotated:
    """What became of one asset.

    Attributes:
        asset: The asset.
        scene: The file that it was found in.
        answer: What was stored; None where nothing was.
        reason: Why nothing was; "" where something was, or where nothing was asked for.
        sheet: Its sheet, where one was written.
    """

    asset: Asset
    scene: str
    answer: AssetAnswer | None = None
    reason: str = ""
    sheet: Path | None = None


@dataclass
class AnnotationResult:
    """What became of all assets.

    Attributes:
        items: Assets that were to be asked about, in the order of scenes and identifiers.
        skipped: Others, by reason.
        scenes: Scenes that could not be opened, with the reason.
        model: What was asked and spent; None where nothing was to be asked.
    """

    items: list[Annotated] = field(default_factory=list)
    skipped: Counter[Skip] = field(default_factory=Counter)
    scenes: list[tuple[str, str]] = field(default_factory=list)
    model: Mapping[str, Any] | None = None

    @property
    def failed(self) -> list[Annotated]:
        """Assets without an answer that should have one."""
        return [item for item in self.items if item.reason]

    @property
    def exit_code(self) -> int:
        """0 where all went well, 1 where something failed."""
        return 1 if self.failed or self.scenes else 0


def annotate(
    config: ScenecapConfig,
    scenes: Sequence[str],
    *,
    database: Path | None,
    options: AnnotateOptions,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    on_done: Callable[[Annotated], None] = lambda item: None,
) -> AnnotationResult:
    """Ask a model what the assets of some scenes are, and store its answers in a label database.

    An answer is stored when it comes, so that what was asked is not lost by what follows. What people said is never replaced.

    Args:
        config: The model (``model_*``), and what is an object.
        scenes: USD files.
        database: The label database; it is made if need be. Only ``dry_run`` can do without.
        options: Which assets, and how they are drawn.
        clock: Time between repetitions; the machine's.
        environ: Where keys are looked for; the environment.
        on_done: Called with each asset when it is done.

    Raises:
        UsageError: A scene is not there, a selector fits nothing, or the model cannot be asked at all.
        MissingExtraError: An extra is not installed.
        LabelDatabaseError: The database cannot be read or written.
        OutputError: A sheet cannot be written.
    """
    if options.quality is Quality.OFF:
        raise UsageError("--quality off: a model cannot name what is not drawn.", remedy="Give draft, preview or final.")
    if not MIN_VIEWS <= options.views <= MAX_VIEWS:
        raise UsageError(f"--views {options.views}: is not allowed; give {MIN_VIEWS} to {MAX_VIEWS}.")
    if database is None and not options.dry_run:
        raise UsageError("No label database is given.", remedy="Give --database FILE.")
    known = LabelDatabase.open(database) if database is not None and database.exists() else None
    work = _Annotation(config, database, known, options, clock, environ, on_done)
    try:
        return work.run(scenes)
    finally:
        work.close()


@dataclass
class _Pending:
    """An asset whose answer is awaited."""

    place: int
    item: Annotated
    note: SheetNote


class _Annotation:
    """One call's bookkeeping."""

    def __init__(
        self,
        config: ScenecapConfig,
        database: Path | None,
        known: LabelDatabase | None,
        options: AnnotateOptions,
        clock: Clock | None,
        environ: Mapping[str, str] | None,
        on_done: Callable[[Annotated], None],
    ) -> None:
        chat = config.chat.model_copy(update={"picture": True})
        self._config = names_only(config.model_copy(update={"chat": chat}))
        self._database, self._known, self._options = database, known, options
        self._clock, self._environ, self._on_done = clock, environ, on_done
        self._session: Any = None
        self._pending: dict[Future[AssetAnswer], _Pending] = {}
        self._done: dict[int, Annotated] = {}
        self._seen: set[tuple[str, str]] = set()
        self._result = AnnotationResult()

    def run(self, scenes: Sequence[str]) -> AnnotationResult:
        fits: Counter[str] = Counter()
        objects: list[Any] = []
        for scene in scenes:
            try:
                found = self._open(scene)
            except StageError as error:
                if len(scenes) == 1:
                    raise
                self._result.scenes.append((scene, str(error)))
                continue
            chosen = choose_assets(found, self._known, self._options.choice)
            fits += chosen.fits
            objects += [entity for entity in found.discovery.entities if self._options.choice.select]
            self._result.skipped += chosen.skipped
            studio: Studio | None = None
            for asset in chosen.assets:
                if not self._is_wanted(asset):
                    continue
                studio = studio or self._studio(found)
                self._ask_about(asset, scene, found, studio)
        for selector in self._options.choice.select:
            if not fits[selector] and not self._result.scenes:
                raise UsageError(f"--select: {nothing_selected(selector, objects)}.")
        self._settle(everything=True)
        self._result.items = [self._done[place] for place in sorted(self._done)]
        if self._session is not None:
            self._result.model = self._session.summary()
        return self._result

    def close(self) -> None:
        """End what is under way."""
        if self._session is not None:
            self._session.close()

    def _open(self, scene: str) -> Inspection:
        config = self._config
        if self._options.whole_files:
            opened = open_stage(scene)  # a prim lives as long as its stage
            default = opened.stage.GetDefaultPrim()
            if not default:
                raise StageError(
                    f"{scene}: has no default prim, so it is no asset that can be referenced.",
                    remedy="Leave --assets out to take it for a scene.",
                )
            config = one_asset(config, str(default.GetPath()))
        job = config.job.model_copy(update={"scene_path": scene})
        return inspect_stage(config.model_copy(update={"job": job}))

    def _is_wanted(self, asset: Asset) -> bool:
        if asset.key in self._seen:
            self._result.skipped[Skip.SAME] += 1
            return False
        if self._options.limit is not None and len(self._seen) >= self._options.limit:
            self._result.skipped[Skip.OVER_LIMIT] += 1
            return False
        self._seen.add(asset.key)
        return True

    def _studio(self, found: Inspection) -> Studio:
        options = self._options
        return Studio(found.world, found.moment, quality=options.quality, views=options.views, edge=options.edge)

    def _ask_about(self, asset: Asset, scene: str, found: Inspection, studio: Studio) -> None:
        place = len(self._seen)
        item = Annotated(asset, scene)
        if not self._options.dry_run:
            session = self._open_session()
            if session.client.ended is not None:  # a sheet that nobody will look at takes a second
                self._finish(place, dataclasses.replace(item, reason=str(session.client.ended)))
                return
        elif self._options.sheets is None:
            self._finish(place, item)
            return
        try:
            views = studio.observe(asset.path)
        except CaptureError as error:
            self._finish(place, dataclasses.replace(item, reason=str(error)))
            return
        sheet = draw_sheet(views)
        note = _note(asset, found, views)
        if self._options.sheets is not None:
            item = dataclasses.replace(item, sheet=write_sheet(self._options.sheets, note, sheet))
        if self._options.dry_run:
            self._finish(place, item)
            return
        self._settle()
        future = self._session.start(_ask(self._session, _seen(asset, views, sheet)))
        self._pending[future] = _Pending(place, item, note)

    def _open_session(self) -> Any:
        """Return the session, opened with the first asset: where there is nothing to ask no key is needed."""
        if self._session is None:
            from scenecap.caption.chat.prompts import ASSET_PROMPTS
            from scenecap.caption.chat.session import ChatSession  # needs the extra models, which a dry run does not

            self._session = ChatSession(self._config.chat, prompts=ASSET_PROMPTS, environ=self._environ, clock=self._clock)
            try:
                self._session.prepare()
            except ChatError as error:
                raise UsageError(f"The model cannot be asked: {error}") from None
            assert self._database is not None
            write_entries(self._database, [])  # that it can be written is known before anything is paid for
        return self._session

    def _settle(self, *, everything: bool = False) -> None:
        """Store what has come; wait while too many answers are awaited, or for all."""
        most = 0 if everything else 2 * self._config.chat.concurrency - 1
        for future in [future for future in self._pending if future.done()]:
            self._take(future)
        while len(self._pending) > most:
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda item: self._pending[item].place):
                self._take(future)

    def _take(self, future: Future[AssetAnswer]) -> None:
        pending = self._pending.pop(future)
        try:
            answer = future.result()
        except ChatError as error:
            self._refuse(pending, str(error))
            return
        if answer.label is None:
            self._refuse(pending, NOT_KNOWN)
            return
        assert self._database is not None
        write_entries(self._database, [self._entry(pending.item.asset, answer)])
        if self._options.sheets is not None and answer.dropped:
            write_note(self._options.sheets, dataclasses.replace(pending.note, remarks=remarks_of(answer.dropped)))
        self._finish(pending.place, dataclasses.replace(pending.item, answer=answer))

    def _refuse(self, pending: _Pending, reason: str) -> None:
        if self._options.sheets is not None:
            write_note(self._options.sheets, dataclasses.replace(pending.note, remarks=remarks_of([f"no answer: {reason}"])))
        self._finish(pending.place, dataclasses.replace(pending.item, reason=reason))

    def _finish(self, place: int, item: Annotated) -> None:
        self._done[place] = item
        self._on_done(item)

    def _entry(self, asset: Asset, answer: AssetAnswer) -> LabelEntry:
        return LabelEntry(
            identifier=asset.identifier,
            label=answer.label,
            caption=answer.caption,
            attributes=answer.attributes,
            source=EntrySource.MODEL,
            model=self._config.chat.name,
            content_hash=asset.content_hash,
        )


async def _ask(session: Any, seen: SeenAsset) -> AssetAnswer:
    """Ask about an asset, and let the session count servers that do not answer at all."""
    from scenecap.caption.chat.assets.question import ask_about

    try:
        answer = await ask_about(session, seen)
    except ChatError as error:
        session.watch(replied=not isinstance(error, TransientError), silent=isinstance(error, TransientError))
        raise
    session.watch(replied=True, silent=False)
    return answer


def _note(asset: Asset, found: Inspection, views: AssetViews) -> SheetNote:
    return SheetNote(
        identifier=asset.identifier,
        content_hash=asset.content_hash,
        scene=found.opened.name,
        path=asset.path,
        label=asset.label,
        size=views.size,
        colors=tuple((term, share) for term, share in views.color_shares if share >= 0.01),
    )


def _seen(asset: Asset, views: AssetViews, sheet: Image.Image) -> SeenAsset:
    return SeenAsset(
        name="" if asset.source is LabelSource.RULE else asset.label,  # "cube" says its shape, and is no name
        sheet=sheet,
        size=views.size,
        color_known=views.color_known,
        color_near=views.color_near,
        color_shares=views.color_shares,
    )
