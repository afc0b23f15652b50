"""Texts that try to leave their place, and assets that carry them."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from scenecap.output.review.build import ReviewItem

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "<!--<script>",
    "{{script}} {{data}} ${alert(5)}",
    "javascript:alert(6)",
    "&lt;b&gt; \\u003cb\\u003e",
    "\u2028\u2029\u202e",
    '=HYPERLINK("http://evil")',
    "__proto__",
)


def items_with_pictures(folder: Path, count: int) -> list[ReviewItem]:
    """Return assets with a picture each."""
    folder.mkdir(parents=True)
    items = []
    for number in range(count):
        stream = io.BytesIO()
        Image.new("RGB", (60, 40), (40 * number, 100, 100)).save(stream, format="JPEG")
        path = folder / f"asset_{number}.jpg"
        path.write_bytes(stream.getvalue())
        items.append(
            ReviewItem(
                f"assets/a{number}.usd",
                "00ff" * 4,
                label=f"mug {'abc'[number % 3]}",
                caption="A mug.",
                attributes={"color": "red", "parts": "handle, rim"},
                source="model",
                model="some-vlm",
                facts=(("size", "8 cm wide"),),
                picture=path,
            )
        )
    return items


def hostile_items() -> list[ReviewItem]:
    """Return an asset for each hostile text, which is in all of its places."""
    return [
        ReviewItem(
            text,
            "",
            label=text,
            caption=text,
            attributes={text: text},
            source="model",
            model=text,
            facts=((text, text),),
            remarks=(text,),
        )
        for text in HOSTILE
    ]
