"""Judge the captions of finished datasets: frame by frame, in the manifest's order, many requests at a time."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from scenecap.caption.chat.errors import BudgetError, ChatError
from scenecap.caption.chat.picture import scaled_url
from scenecap.caption.chat.prompts import JUDGE_PROMPTS
from scenecap.caption.chat.session import ChatSession
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.judges.judge import CaptionJudge, Case, context_of
from scenecap.caption.judges.model import ARRANGEMENTS, MAX_CANDIDATES, PAPERS, SCALES, Judgement, Metric, spread_of
from scenecap.caption.template import caption_graph
from scenecap.contract import FORMAT_VERSION
from scenecap.errors import DatasetError, UsageError
from scenecap.output.atomic import write_file
from scenecap.output.dataset.documents import Text
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import Dataset, DatasetFrame, open_dataset
from scenecap.output.dataset.reload import reload_frame
from scenecap.output.manifest import judgements_name

#: What stands for the graph's own captions as the reference.
TEMPLATE = "template"
KINDS = ("brief_caption", "global_caption")

#: Called with the number of the text that is judged next, from 1, and how many frames there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class JudgeOptions:
    """What is judged, by what.

    Attributes:
        roots: The datasets; CapScore judges their captions of a frame side by side.
        metric: How.
        against: The dataset whose captions are the reference, or :data:`TEMPLATE`; CapScore only.
        arrangements: In how many orders each request is made; the metric's own number where None.
        kinds: Which texts.
        limit: Most frames; None for all.
    """

    roots: tuple[Path, ...]
    metric: Metric = Metric.VISCE2
    against: Path | str = TEMPLATE
    arrangements: int | None = None
    kinds: tuple[str, ...] = KINDS
    limit: int | None = None


@dataclass(frozen=True)
class JudgedText:
    """A caption and what was said of it.

    Attributes:
        frame: The frame's key.
        kind: "brief_caption" or "global_caption".
        dataset: Name of its dataset.
        caption: The text and who wrote it.
        judgement: What the judge said; None where it could not be asked.
        problem: Why it could not.
        is_reference: Whether the text is the reference itself.
    """

    frame: str
    kind: str
    dataset: str
    caption: Text
    judgement: Judgement | None
    problem: str = ""
    is_reference: bool = False

    @property
    def is_judged(self) -> bool:
        """Whether the judge answered in all arrangements."""
        return self.judgement is not None and self.judgement.is_complete

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong."""
        said = () if self.judgement is None else self.judgement.problems
        return (self.problem, *said) if self.problem else said

    def to_json(self) -> dict[str, Any]:
        """Return it as a line of the file."""
        scores = {} if self.judgement is None else self.judgement.scores
        return {
            "frame": self.frame,
            "text": self.kind,
            "dataset": self.dataset,
            "source": self.caption.source,
            "caption": self.caption.text,
            "status": "judged" if self.is_judged else "failed",
            "scores": {
                name: {"mean": round(one.mean, 6), "spread": round(one.spread, 6), "values": list(one.values)}
                for name, one in scores.items()
            },
            "reasons": [] if self.judgement is None else list(self.judgement.reasons),
            "problems": list(self.problems),
            **({"is_reference": True} if self.is_reference else {}),
        }


@dataclass(frozen=True)
class ScoreSummary:
    """Scores of a dataset's texts of one kind on one scale.

    Attributes:
        count: Texts that were judged.
        mean: Of their means.
        deviation: Standard deviation of these between texts.
        spread: Mean of what the order alone changed within a text.
        values: The texts' means, ascending.
    """

    count: int
    mean: float
    deviation: float
    spread: float
    values: tuple[float, ...] = field(repr=False)

    @property
    def alike(self) -> int:
        """How many texts have the commonest score: a judge that gives all the same tells nothing."""
        return max(Counter(self.values).values())


@dataclass(frozen=True)
class JudgeResult:
    """What came of it.

    Attributes:
        header: First line of the file: metric, model, prompts, datasets.
        texts: In frame order.
        account: What was asked and spent.
    """

    header: Mapping[str, Any]
    texts: tuple[JudgedText, ...]
    account: Mapping[str, Any]

    @property
    def failed(self) -> int:
        """How many texts have no complete judgement."""
        return sum(not text.is_judged for text in self.texts)

    @property
    def exit_code(self) -> int:
        """0 all judged, 1 some failed, 3 none was judged."""
        return 0 if not self.failed else 3 if self.failed == len(self.texts) else 1

    def summaries(self) -> Iterator[tuple[str, str, str, ScoreSummary]]:
        """Yield (dataset, kind, scale, summary) in the order of the files."""
        groups = dict.fromkeys((text.dataset, text.kind) for text in self.texts)
        for dataset, kind in groups:
            judged = [
                text.judgement
                for text in self.texts
                if text.is_judged and (text.dataset, text.kind) == (dataset, kind) and text.judgement is not None
            ]
            for name in judged[0].scores if judged else ():
                values = sorted(item.scores[name].mean for item in judged)
                mean, deviation = spread_of(values)
                spread = sum(item.scores[name].spread for item in judged) / len(judged)
                yield dataset, kind, name, ScoreSummary(len(judged), mean, deviation, spread, tuple(values))

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            OutputError: It could not be written.
        """
        lines = [self.header, *(text.to_json() for text in self.texts)]
        content = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
        write_file(path, content.encode("utf-8", "replace"))


def default_file(options: JudgeOptions) -> Path:
    """Return where judgements go unless somebody says otherwise: beside the manifest of the first dataset."""
    return options.roots[0] / judgements_name(options.metric.value)


def judge_datasets(options: JudgeOptions, settings: ChatSettings, *, progress: Progress | None = None) -> JudgeResult:
    """Judge captions of finished datasets. The datasets are not changed.

    Kept replies are not asked for again: a run that was stopped goes on where it was.

    Args:
        options: What is judged, by what.
        settings: The judge: model, server, limits.
        progress: Called before each frame.

    Raises:
        UsageError: There is no dataset, or no caption in it; or the model cannot be asked at all.
        MissingExtraError: An extra is not installed.
    """
    datasets = _open(options.roots)
    wanted = _check(options, len(datasets), settings)
    references = None
    if options.metric is Metric.CAPSCORE and options.against != TEMPLATE:
        references = {item.row.key: item for item in open_dataset(Path(options.against)).frames()}
    with ChatSession(settings, prompts=JUDGE_PROMPTS) as session:
        try:
            session.prepare()
        except BudgetError:
            pass  # kept replies may do
        except ChatError as error:
            raise UsageError(f"the judge cannot be asked: {error}") from None
        judge = CaptionJudge(session, options.metric, wanted=wanted)
        walk = _Walk(datasets, references, options, settings)
        texts = tuple(_in_order(walk.tasks(progress), judge, session, ahead=2 * settings.concurrency))
        account = session.summary()
        prompts = [
            {"name": item.name, "version": item.version, "hash": item.hash}
            for item in session.prompts.versions
            if item.name in (f"judge_{options.metric.value}", "judge_system", "schema", "repair_json")
        ]
    if not texts:
        raise UsageError(f"{options.roots[0]}: no captions to judge.", remedy="Run with captions.")
    header = {
        "judgements": options.metric.value,
        "paper": PAPERS[options.metric],
        "format_version": FORMAT_VERSION,
        "model": {"name": settings.name, "profile": settings.profile.value, "picture": settings.picture},
        "temperature": settings.temperature,
        "scales": {scale.name: [0, scale.high] for scale in SCALES[options.metric]},
        "arrangements": wanted,
        **({"reference": _reference_name(options.against)} if options.metric is Metric.CAPSCORE else {}),
        "datasets": list(datasets),
        "prompts": prompts,
    }
    return JudgeResult(header, texts, account)


def _reference_name(against: Path | str) -> str:
    return TEMPLATE if against == TEMPLATE else Path(against).resolve().name


def _open(roots: Sequence[Path]) -> dict[str, Dataset]:
    """Return the datasets by unique names: those of their folders."""
    found: dict[str, Dataset] = {}
    for root in roots:
        base = root.resolve().name or "dataset"
        name, number = base, 2
        while name in found:
            name, number = f"{base}_{number}", number + 1
        found[name] = open_dataset(root)
    return found


def _check(options: JudgeOptions, count: int, settings: ChatSettings) -> int:
    """Return the number of arrangements.

    Raises:
        UsageError: The options do not go together.
    """
    metric, wanted = options.metric, options.arrangements
    least = ARRANGEMENTS[metric]
    if metric is Metric.VISCE2:
        count = 1  # each caption is judged alone
        if options.against != TEMPLATE:
            raise UsageError("--against: visce2 judges by the scene graph.", remedy="Use --metric capscore for a reference.")
    elif settings.picture:
        raise UsageError("model_picture: capscore compares texts and takes no picture.", remedy="Set model_picture: false.")
    if count > MAX_CANDIDATES:
        raise UsageError(f"capscore compares at most {MAX_CANDIDATES} datasets in one request, not {count}.")
    if wanted is not None and not least <= wanted <= 2 * count:
        raise UsageError(f"--permutations: {wanted} is not allowed; {metric.value} of {count} has {least} to {2 * count}.")
    return least if wanted is None else wanted


@dataclass(frozen=True)
class _Task:
    """A request to come: a case and whose captions are in it; without a case there is only a problem."""

    texts: tuple[tuple[str, Text], ...]
    frame: str
    kind: str
    case: Case | None = None
    problem: str = ""

    def judged(self, judgements: Sequence[Judgement] | None) -> Iterator[JudgedText]:
        for number, (dataset, text) in enumerate(self.texts):
            said = None if judgements is None else judgements[number]
            same = self.case is not None and text.text == self.case.reference
            yield JudgedText(self.frame, self.kind, dataset, text, said, self.problem, same)


class _Walk:
    """Goes through the frames and makes the tasks."""

    def __init__(
        self,
        datasets: Mapping[str, Dataset],
        references: Mapping[str, DatasetFrame] | None,
        options: JudgeOptions,
        settings: ChatSettings,
    ) -> None:
        self._frames: dict[str, dict[str, DatasetFrame]] = {}
        for name, dataset in datasets.items():
            for frame in dataset.frames():
                self._frames.setdefault(frame.row.key, {})[name] = frame
        self._references = references
        self._options = options
        self._settings = settings

    def tasks(self, progress: Progress | None) -> Iterator[_Task]:
        """Yield the tasks in the order of the first dataset's frames, then of what only the others have."""
        keys = list(self._frames)[: self._options.limit]
        for number, key in enumerate(keys, start=1):
            if progress is not None:
                progress(number, len(keys))
            texts: dict[str, list[tuple[str, Text]]] = {kind: [] for kind in self._options.kinds}
            for name, frame in self._frames[key].items():
                try:
                    captions = frame.captions()
                except DatasetError as error:
                    nothing = (name, Text("", "", ()))
                    yield _Task((nothing,), key, self._options.kinds[0], problem=str(error))
                    continue
                for kind, text in captions.texts() if captions is not None else ():
                    if kind in texts:
                        texts[kind].append((name, text))
            for kind, found in texts.items():
                if found:
                    yield from self._of_frame(key, kind, tuple(found))

    def _of_frame(self, key: str, kind: str, texts: tuple[tuple[str, Text], ...]) -> Iterator[_Task]:
        groups = [(item,) for item in texts] if self._options.metric is Metric.VISCE2 else [texts]
        for group in groups:
            try:
                case = self._case(self._frames[key][group[0][0]], kind, group)
            except (DatasetError, OSError, ValueError, KeyError) as error:
                what = f"{key}: its documents have no key {error}" if isinstance(error, KeyError) else str(error)
                yield _Task(group, key, kind, problem=what)
            else:
                yield _Task(group, key, kind, case)

    def _case(self, frame: DatasetFrame, kind: str, texts: tuple[tuple[str, Text], ...]) -> Case:
        captions, brief = tuple(text.text for _, text in texts), kind == KINDS[0]
        if self._options.metric is Metric.VISCE2:
            graph, scene = reload_frame(frame)
            picture = self._picture(frame) if self._settings.picture else None
            return Case(captions, context_of(graph, scene, self._settings), picture=picture, is_brief=brief)
        return Case(captions, reference=self._reference(frame, kind), is_brief=brief)

    def _picture(self, frame: DatasetFrame) -> str:
        path = frame.path(FileKind.PICTURE)
        if path is None:
            raise DatasetError(f"{frame.row.key}: has no picture.", remedy="Set model_picture: false, or run with a quality.")
        with Image.open(path) as image:
            return scaled_url(image.convert("RGB"), edge=self._settings.picture_edge)

    def _reference(self, frame: DatasetFrame, kind: str) -> str:
        if self._references is None:
            graph, scene = reload_frame(frame)
            captions = caption_graph(graph, frame=scene)
            caption = captions.brief if kind == KINDS[0] else captions.overall
            if caption is None:
                raise DatasetError(f"{frame.row.key}: the template has no {kind}.")
            return caption.text
        known = self._references.get(frame.row.key)
        document = None if known is None else known.captions()
        text = None if document is None else dict(document.texts()).get(kind)
        if text is None:
            raise DatasetError(f"{frame.row.key}: the reference has no {kind} of this frame.")
        return text.text


def _in_order(tasks: Iterator[_Task], judge: CaptionJudge, session: ChatSession, *, ahead: int) -> Iterator[JudgedText]:
    """Yield what becomes of the tasks, in their order; so many are under way at a time."""
    waiting: deque[tuple[_Task, Future[tuple[Judgement, ...]] | None]] = deque()
    for task in tasks:
        waiting.append((task, None if task.case is None else session.start(judge.judge(task.case))))
        if len(waiting) > ahead:
            yield from _finished(*waiting.popleft())
    while waiting:
        yield from _finished(*waiting.popleft())


def _finished(task: _Task, future: Future[tuple[Judgement, ...]] | None) -> Iterator[JudgedText]:
    yield from task.judged(None if future is None else future.result())
