"""What a text says of the kind of place: "a kitchen"."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.verify.model import ClaimKind
from scenecap.caption.verify.predicates import MAYBE, NO, YES
from scenecap.caption.verify.resolve import Resolver
from scenecap.caption.verify.scene import Scene
from scenecap.caption.verify.syntax import Sentence
from scenecap.caption.verify.wordnet import wordnet
from scenecap.caption.verify.words import singular, words


def judge_settings(scene: Scene, resolver: Resolver, sentences: Sequence[Sentence]) -> None:
    """Add a claim for each mention of a kind of place that says something ("room" and "space" do not)."""
    known = [singular(word) for word in (scene.frame.setting or "").lower().split()]
    for sentence in sentences:
        for mention in sentence.settings:
            lists = words()
            nouns = [noun for noun in mention.nouns if lists.has("setting_nouns", noun) or noun in known]
            said = [noun for noun in nouns if not lists.has("plain_settings", noun)]
            whole = " ".join(mention.nouns)
            if not said and not lists.has("setting_nouns", whole):
                continue
            if not said:
                said = [whole]
            if not known:
                status, why = MAYBE, "Nothing on the stage says what kind of place it is."
            elif any(noun in known or wordnet().is_kind_of(" ".join(known), noun) for noun in said):
                status, why = YES, f"The place is: {scene.frame.setting}."
            else:
                status, why = NO, f"The place is: {scene.frame.setting}."
            span = (mention.start, mention.end)
            text = resolver.words(mention)
            resolver.claim(ClaimKind.SETTING, status, span, why, predicate=whole, subject=text)
