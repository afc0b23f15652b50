"""Check texts against the scene graph."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.model import CaptionKind, Captions
from scenecap.caption.verify.counts import Counts
from scenecap.caption.verify.model import Claim, ClaimKind, ClaimStatus, FrameVerdict, Scores, Verdict
from scenecap.caption.verify.predicates import Predicates
from scenecap.caption.verify.read import read_text
from scenecap.caption.verify.resolve import Resolver
from scenecap.caption.verify.scene import Scene
from scenecap.caption.verify.setting_claims import judge_settings
from scenecap.caption.verify.settings import VerifySettings
from scenecap.caption.verify.statements import StatementCheck
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph


class Verifier:
    """Checks any number of texts against one frame.

    Args:
        graph: The frame's scene graph.
        frame: The frame: what is on the stage and not seen, and the kind of place.
        settings: How loosely words may be taken; all defaults where None.
    """

    def __init__(self, graph: SceneGraph, frame: Frame, settings: VerifySettings | None = None) -> None:
        self.settings = VerifySettings.model_validate({}) if settings is None else settings
        self._scene = Scene(graph, frame, self.settings)
        self._predicates = Predicates(self._scene)

    def check(self, text: str, *, kind: str = "") -> Verdict:
        """Return the verdict on one text, read as bare text.

        Args:
            text: Any text; control characters are no obstacle, and what is over ``max_chars`` is not read.
            kind: Which of a frame's texts it is, for the verdict.

        Raises:
            MissingExtraError: The parser (extra ``verify``) is not installed.
        """
        settings = self.settings
        claims: list[Claim] = []
        read = text[: settings.max_chars]
        sentences = read_text(read, self._scene.vocabulary, max_sentence_tokens=settings.max_sentence_tokens)
        resolver = Resolver(self._scene, self._predicates, text, claims.append)
        statements = StatementCheck(self._scene, self._predicates, resolver, text)
        for sentence in sentences:
            statements.sentence(sentence)
        judge_settings(self._scene, resolver, sentences)
        Counts(self._scene, resolver).judge(sentences)
        if len(text) > len(read):
            why = f"Only the first {len(read)} characters were read (max_chars)."
            span = (len(read), len(text))
            claims.append(Claim(ClaimKind.TEXT, ClaimStatus.UNKNOWN, text[span[0] : span[0] + 40], span, why))
        ordered = tuple(sorted(claims, key=lambda claim: (claim.span, claim.kind.value)))
        return Verdict(text, ordered, self._scores(ordered, resolver), kind)

    def _scores(self, claims: Sequence[Claim], resolver: Resolver) -> Scores:
        objects = [claim for claim in claims if claim.kind is ClaimKind.OBJECT]
        # Not in the graph under any name. What the graph knows by a broader noun, and parts, are another matter.
        invented = [claim for claim in objects if not claim.supported and not claim.nodes and not claim.paths]
        invented += [claim for claim in objects if claim.status is ClaimStatus.CONTRADICTED and claim.paths]
        triplets = [claim for claim in claims if claim.kind in (ClaimKind.RELATION, ClaimKind.DISTANCE)]
        return Scores(
            objects=len(objects),
            hallucinated_objects=len(invented),
            texts=1,
            hallucinating_texts=int(bool(invented)),
            triplets=len(triplets),
            unsupported_triplets=sum(not claim.supported for claim in triplets),
            claims=len(claims),
            supported=sum(claim.supported for claim in claims),
            nodes=len(self._scene.graph.nodes),
            covered=len(self._covered(resolver)),
        )

    def _covered(self, resolver: Resolver) -> set[int]:
        """Return nodes that are spoken of: each mention takes as many of its candidates as it needs, new ones first."""
        covered: set[int] = set()
        references = [item for item in resolver.references.values() if item.known and not item.generic]
        for reference in sorted(references, key=lambda item: (len(item.candidates), item.mention.start)):
            nodes = [index for index in reference.candidates if self._scene.is_node(index)]
            new = [index for index in nodes if index not in covered]
            many = len(nodes) if reference.mention.plural and reference.mention.count is None else reference.demand
            covered.update(new[:many] if reference.introduces else new[: max(0, many - (len(nodes) - len(new)))])
        return covered


def verify_text(text: str, graph: SceneGraph, frame: Frame, settings: VerifySettings | None = None) -> Verdict:
    """Return what the graph says of a text, read as bare text.

    Args:
        text: Any text.
        graph: The frame's scene graph.
        frame: The frame that it was built from.
        settings: How loosely words may be taken; all defaults where None.

    Raises:
        MissingExtraError: The parser (extra ``verify``) is not installed.
    """
    return Verifier(graph, frame, settings).check(text)


def verify_captions(captions: Captions, graph: SceneGraph, frame: Frame, settings: VerifySettings | None = None) -> Verdict:
    """Return what the graph says of all texts of a frame: the verdict on all, with one part for each text.

    Args:
        captions: Texts of a frame, whoever wrote them.
        graph: The frame's scene graph.
        frame: The frame that it was built from.
        settings: How loosely words may be taken; all defaults where None.

    Raises:
        MissingExtraError: The parser (extra ``verify``) is not installed.
    """
    chosen = VerifySettings.model_validate({}) if settings is None else settings
    return judge_frame(captions, graph, frame, chosen).captions


def judge_frame(captions: Captions, graph: SceneGraph, frame: Frame, settings: VerifySettings) -> FrameVerdict:
    """Return what the graph says of all texts of a frame, a model's questions by their statements.

    Args:
        captions: Texts of a frame, whoever wrote them.
        graph: The frame's scene graph.
        frame: The frame that it was built from.
        settings: How loosely words may be taken.

    Raises:
        MissingExtraError: The parser (extra ``verify``) is not installed.
    """
    verifier = Verifier(graph, frame, settings)
    texts = ((CaptionKind.BRIEF, captions.brief), (CaptionKind.GLOBAL, captions.overall))
    parts = [verifier.check(caption.text, kind=kind.value) for kind, caption in texts if caption is not None]
    questions = {
        place: verifier.check(question.statement, kind=CaptionKind.QA.value)
        for place, question in enumerate(captions.questions)
        if question.statement
    }
    return FrameVerdict(join(parts), questions, settings.model_dump(mode="json"))


def join(parts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on several texts together."""
    claims = tuple(claim for part in parts for claim in part.claims)
    scores = sum((part.scores for part in parts), Scores())
    return Verdict("\n".join(part.text for part in parts), claims, scores, parts=tuple(parts))
