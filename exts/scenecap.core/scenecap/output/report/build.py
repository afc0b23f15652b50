"""Write the report of a dataset: one pass over its frames, each read once and forgotten."""

from __future__ import annotations

import base64
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scenecap import __version__
from scenecap.errors import UsageError
from scenecap.output.canonical import content_hash
from scenecap.output.dataset.files import DOCUMENTS
from scenecap.output.dataset.reader import Dataset, DatasetFrame, open_dataset
from scenecap.output.dataset.stats import StatsTally
from scenecap.output.derived import DerivedFolder, DerivedKind
from scenecap.output.manifest import FrameStatus
from scenecap.output.report.folder import require_place
from scenecap.output.report.frame_page import ReadOnce, frame_page, read_content
from scenecap.output.report.gallery import Gallery, report_name
from scenecap.output.report.page import SCRIPTS, STYLE, asset, linked_page, single_page
from scenecap.output.report.pictures import Drawn, FramePictures, address, draw_picture, way_to
from scenecap.output.report.script_data import data_script, packed

PAGE_NAME = "index.html"
#: Folder of a report in its dataset.
DEFAULT_FOLDER = "report"
#: Frames that one file may hold: with its pictures a frame takes some 200 kB, and a browser reads all of the file first.
MOST_IN_ONE_FILE = 200

#: Called with the number of the frame that comes next, from 1, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class WrittenReport:
    """A report that is in place.

    Attributes:
        page: The page to open.
        frames: Frames in it.
        faults: Frames of the dataset that are empty or failed; they are listed with their reasons.
        files: Its files.
        bytes: Their sizes together; pictures that lie in the dataset are not in it.
        problems: What of the dataset could not be read, in one line each.
        unfinished: Whether the run that writes the dataset was stopped, or is under way.
    """

    page: Path
    frames: int
    faults: int
    files: int
    bytes: int
    problems: tuple[str, ...]
    unfinished: bool


def write_report(
    root: Path,
    out: Path | None = None,
    *,
    copy_pictures: bool = False,
    single_file: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> WrittenReport:
    """Write the report of a dataset. The same dataset gives the same bytes.

    Args:
        root: The output folder of a run.
        out: The report's folder; ``report`` in the dataset by default.
        copy_pictures: Copy the pictures into the report; else its pages show the dataset's own, by relative addresses.
        single_file: Write one HTML file that holds everything, for a dataset of at most :data:`MOST_IN_ONE_FILE` frames.
        force: Replace a report that is there.
        progress: Called before each frame.

    Raises:
        UsageError: There is no dataset, no frame in it, or the report may not be written there.
        OutputError: A file cannot be written; nothing of the report is there then, and an older one as it was.
    """
    dataset = open_dataset(root)
    out = root / DEFAULT_FOLDER if out is None else out
    require_place(root, out, force=force)
    if not dataset.rows:
        raise UsageError(f"{root}: the dataset has no frame yet.", remedy="Run its config first.")
    frames = dataset.count(FrameStatus.WRITTEN)
    if single_file and frames > MOST_IN_ONE_FILE:
        raise UsageError(
            f"{root}: {frames} frames are too many for one file (at most {MOST_IN_ONE_FILE}).",
            remedy="Leave --single-file out.",
        )
    way = way_to(root, out)
    if way is None and not (copy_pictures or single_file):
        raise UsageError(f"{out}: is on another drive than the pictures.", remedy="Copy them with --copy.")
    generator = f"scenecap {__version__}"
    rows = content_hash("".join(row.to_line() for row in dataset.rows).encode("utf-8", "replace"))
    with DerivedFolder(out, DerivedKind.REPORT, {"generator": generator, "rows": rows}) as folder:
        writer = _InOneFile(folder) if single_file else _InAFolder(folder, None if copy_pictures else way)
        problems = _write_frames(dataset, writer, generator, progress)
        writer.finish(report_name(root))
    faults = len(dataset.rows) - frames
    return WrittenReport(out / PAGE_NAME, frames, faults, folder.files, folder.bytes, problems, dataset.unfinished)


def _write_frames(dataset: Dataset, writer: _Writer, generator: str, progress: Progress | None) -> tuple[str, ...]:
    """Write all data, and return what could not be read."""
    tally, gallery = StatsTally(), Gallery()
    total = dataset.count(FrameStatus.WRITTEN)
    problems: dict[str, None] = {}
    for place, (plain, picture) in enumerate(_with_pictures(dataset.frames(), always=writer.holds_pictures), start=1):
        if progress is not None:
            progress(place, total)
        frame = ReadOnce(plain.root, plain.row)
        content = read_content(frame)
        tally.add(frame)
        drawn, unread = picture
        content.problems += unread
        pictures = FramePictures() if drawn is None else writer.pictures(frame, drawn)
        gallery.add(content, pictures)
        page = frame_page(content)
        page |= {"picture": pictures.picture, "picture_kind": pictures.kind, "dataset": writer.way}
        name = f"{frame.row.number:06d}"
        writer.data(f"frames/{name}", page)
        writer.data(f"raw/{name}", _raw(frame))
        problems |= dict.fromkeys(content.problems)
    stats = tally.stats(dataset)
    index = gallery.index(dataset, stats, name=report_name(dataset.root), generator=generator)
    index["problems"] = list(problems)
    writer.data("index", index)
    writer.data("relations", gallery.relations())
    writer.data("questions", gallery.questions())
    return tuple(problems)


def _with_pictures(
    frames: Iterator[DatasetFrame], *, always: bool
) -> Iterator[tuple[DatasetFrame, tuple[Drawn | None, list[str]]]]:
    """Yield frames with their pictures, which threads draw ahead: decoding and scaling leave Python to the rest."""
    workers = os.cpu_count() or 1
    ahead: deque[tuple[DatasetFrame, Future[tuple[Drawn | None, list[str]]]]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for frame in frames:
            ahead.append((frame, pool.submit(draw_picture, frame, always=always)))
            if len(ahead) > 2 * workers:
                first, drawn = ahead.popleft()
                yield first, drawn.result()
        for first, drawn in ahead:
            yield first, drawn.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _raw(frame: DatasetFrame) -> dict[str, Any]:
    """Return the JSON documents of a frame as they are, compressed."""
    documents = []
    for kind in DOCUMENTS:
        path = frame.path(kind)
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:  # told already, by whoever read it first
            continue
        if content:
            documents.append([frame.files[kind].path, len(content), packed(content)])
    return {"documents": documents}


class _Writer:
    """Where the parts of a report go."""

    #: Address of the dataset's folder from the page, or None where its files are not linked to.
    way: str | None = None
    #: Whether the page holds its pictures itself, and needs them drawn.
    holds_pictures = False

    def data(self, name: str, value: dict[str, Any]) -> None:
        """Write what the page asks for under a name."""
        raise NotImplementedError

    def pictures(self, frame: DatasetFrame, drawn: Drawn) -> FramePictures:
        """Write the pictures of a frame."""
        raise NotImplementedError

    def finish(self, title: str) -> None:
        """Write the page."""
        raise NotImplementedError


class _InAFolder(_Writer):
    """A page with its data beside it.

    Args:
        folder: Where to.
        way: Path from the page to the dataset, whose pictures are then shown from there; None copies them.
    """

    def __init__(self, folder: DerivedFolder, way: str | None) -> None:
        self._folder = folder
        self.way = None if way is None else address(way)

    def data(self, name: str, value: dict[str, Any]) -> None:
        """Write a script."""
        self._folder.write(f"data/{name}.js", data_script(name, value))

    def pictures(self, frame: DatasetFrame, drawn: Drawn) -> FramePictures:
        """Write the small picture, and the large one where it is not the dataset's own."""
        name = f"{frame.row.number:06d}"
        small = f"thumbs/{name}.jpg"
        self._folder.write(small, drawn.small)
        if drawn.source is None:
            large = f"pictures/{name}.jpg"
            self._folder.write(large, drawn.large or b"")
        elif self.way is None:
            large = f"pictures/{name}{PurePosixPath(drawn.source).suffix.lower()}"
            self._folder.write(large, (frame.root / drawn.source).read_bytes())
        else:
            large = f"{self.way}/{address(drawn.source)}"
        return FramePictures(large, small, drawn.kind)

    def finish(self, title: str) -> None:
        """Write page, style and scripts."""
        for name in (STYLE, *SCRIPTS):
            self._folder.write(f"assets/{name}", asset(name).encode("utf-8"))
        self._folder.write(PAGE_NAME, linked_page(title).encode("utf-8"))


class _InOneFile(_Writer):
    """A page that holds its data and pictures.

    Args:
        folder: Where to.
    """

    holds_pictures = True

    def __init__(self, folder: DerivedFolder) -> None:
        self._folder = folder
        self._data: dict[str, Any] = {}

    def data(self, name: str, value: dict[str, Any]) -> None:
        """Keep it for the page."""
        self._data[name] = value

    def pictures(self, frame: DatasetFrame, drawn: Drawn) -> FramePictures:
        """Return pictures as addresses that hold them; large ones as JPEG."""
        large, small = (
            f"data:image/jpeg;base64,{base64.b64encode(content or b'').decode('ascii')}"
            for content in (drawn.large, drawn.small)
        )
        return FramePictures(large, small, drawn.kind)

    def finish(self, title: str) -> None:
        """Write the page."""
        self._folder.write(PAGE_NAME, single_page(title, self._data).encode("utf-8"))
