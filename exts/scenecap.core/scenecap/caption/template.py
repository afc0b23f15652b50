"""The template captioner: brief sentence, paragraph and questions from a scene graph. No model, no network, no chance."""

from __future__ import annotations

import logging

from scenecap.caption.choice import Chooser
from scenecap.caption.discourse import Discourse
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Caption, Captions
from scenecap.caption.plan import Planner
from scenecap.caption.questions import write_questions
from scenecap.caption.realize import Writer
from scenecap.caption.refer.referrer import Referrer
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.spans import plain
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph

logger = logging.getLogger(__name__)


def caption_graph(
    graph: SceneGraph, *, frame: Frame, settings: CaptionSettings | None = None, seed: int | None = None
) -> Captions:
    """Write all texts of one frame.

    Nothing is said that the graph does not hold: every text carries the facts it states and the nodes its words speak of.

    Args:
        graph: The frame's scene graph.
        frame: The frame it was built from: the camera, the setting, and what is visible without being a node.
        settings: What to write; all defaults where None.
        seed: Varies the wording; ``settings.seed`` where None. The same graph and seed give the same text.
    """
    settings = CaptionSettings.model_validate({}) if settings is None else settings
    seed = settings.seed if seed is None else seed
    inventory = Inventory(graph, frame, settings)
    referrer = Referrer(inventory)
    chooser = Chooser(f"{seed} {frame.scene} {frame.camera.path} {frame.frame_index}")
    brief = _brief(inventory, referrer, chooser) if settings.brief and graph.nodes else None
    overall = _overall(inventory, referrer, chooser) if settings.overall and graph.nodes else None
    notes = []
    if graph.selection.dropped:
        notes.append(
            f"{len(graph.selection.dropped)} visible objects are not in the graph: counts and absences are said with care."
        )
    return Captions(
        brief=brief,
        overall=overall,
        questions=write_questions(inventory, referrer, chooser) if settings.questions and graph.nodes else (),
        references=_references(inventory, referrer),
        notes=tuple(notes),
    )


def _brief(inventory: Inventory, referrer: Referrer, chooser: Chooser) -> Caption:
    writer = Writer(Discourse(inventory, referrer), chooser, inventory.frame.setting)
    writer.write([Planner(inventory).brief()], limit=1)
    return writer.caption()


def _overall(inventory: Inventory, referrer: Referrer, chooser: Chooser) -> Caption:
    planner = Planner(inventory)
    discourse = Discourse(inventory, referrer)
    writer = Writer(discourse, chooser, inventory.frame.setting)
    limit = inventory.settings.max_sentences
    messages = planner.main_messages()
    writer.write(messages, limit=limit)
    left = [node.id for node in inventory.nodes if node.id not in discourse.introduced]
    closing = planner.leftover(left)
    writer.write([*closing, *planner.contrasts(messages), *planner.relations()], limit=limit)
    return writer.caption()


def _references(inventory: Inventory, referrer: Referrer) -> dict[int, str]:
    """Return an unambiguous expression for each object that has one; of very many, for those that the texts needed one for."""
    if len(inventory.nodes) <= inventory.settings.max_references:
        for node in inventory.nodes:
            referrer.refer(node.id)
    return {node: plain(reference.phrase) for node, reference in referrer.known().items()}
