"""Put the question about an asset into words, and ask it."""

from __future__ import annotations

from scenecap.caption.attributes import noun_text, parse_label
from scenecap.caption.chat.assets.answer import answer_of, answer_schema
from scenecap.caption.chat.assets.colors import MIN_KNOWN
from scenecap.caption.chat.assets.model import AssetAnswer, SeenAsset
from scenecap.caption.chat.picture import scaled_url
from scenecap.caption.chat.prompts import ASSET_PROMPTS, Prompts
from scenecap.caption.chat.quoting import block, label_of, quoted
from scenecap.caption.chat.requests import Message
from scenecap.caption.chat.session import ChatSession
from scenecap.caption.chat.structured import Form, ask_structured
from scenecap.colours import BASIC_TERMS

#: Name of the block that the data stands in.
ASSET_BLOCK = "asset_data"

__all__ = ["ASSET_BLOCK", "ASSET_PROMPTS", "ask_about"]


async def ask_about(session: ChatSession, seen: SeenAsset) -> AssetAnswer:
    """Ask what an asset is. Runs in the session's thread.

    Args:
        session: With the templates :data:`scenecap.caption.chat.prompts.ASSET_PROMPTS`.
        seen: The asset.

    Raises:
        ChatError: There is no answer that can be used; says why.
        ConfigError: A template of the user's is wrong.
    """
    messages, instructions = asset_messages(session.prompts, seen, edge=session.settings.picture_edge)
    turns = 0

    def parse(reply: str) -> AssetAnswer:
        nonlocal turns
        turns += 1
        return answer_of(reply, seen, instructions=instructions, is_last=turns > 1)

    form = Form("asset", answer_schema(), parse)
    answer, _ = await ask_structured(session.client, session.prompts, messages, form, before=session.probe)
    return answer


def asset_messages(prompts: Prompts, seen: SeenAsset, *, edge: int) -> tuple[tuple[Message, ...], str]:
    """Return the conversation about an asset, and its instructions without data.

    Args:
        prompts: The templates.
        seen: The asset.
        edge: Longest edge of the picture that is sent [px].
    """
    system = prompts.render("asset_system")
    values = {"colors": list(BASIC_TERMS), "color_known": seen.color_known >= MIN_KNOWN}
    request = prompts.render("asset", asset=block(ASSET_BLOCK, _data(seen)), **values)
    bare = prompts.render("asset", asset="", **values)
    picture = scaled_url(seen.sheet, edge=edge)
    return (Message("system", system), Message("user", request, picture)), f"{system}\n{bare}"


def _data(seen: SeenAsset) -> list[str]:
    """Return what is known of an asset. A name that is no short noun phrase says nothing, or too much, and is not told."""
    names = ("width_m", "depth_m", "height_m")
    lines = [quoted({key: round(value, 3) for key, value in zip(names, seen.size, strict=True)})]
    name = parse_label(label_of(seen.name))
    if not name.quoted and not name.generic:
        lines.append(quoted({"name_in_file": noun_text(name)}))
    return lines
