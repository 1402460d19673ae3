"""Small pictures within a page, each kept once however often it is shown."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

from mirada.errors import UnreadableImage
from mirada.indexing.images import thumbnail_jpeg
from mirada.show.html import Html, element

if TYPE_CHECKING:
    from mirada.evaluation.datasets import CaptionedImage

SIDE: Final = 176  # pixels


class Thumbnails:
    """Gives pictures names, and the rules of a style sheet that draw them."""

    def __init__(self) -> None:
        self._drawn: dict[str, str] = {}  # image id -> JPEG in base64; empty where unreadable

    def show(self, image_id: str, image: CaptionedImage) -> Html:
        """An element with the picture."""
        if image_id not in self._drawn:
            try:
                raw = thumbnail_jpeg(image.source.read(), SIDE)
            except UnreadableImage:
                raw = b""
            self._drawn[image_id] = b64encode(raw).decode("ascii")
        return element("div", class_=f"thumb t{image_id[:16]}", role="img", aria_label=image.name)

    def rules(self) -> str:
        """One rule for each picture shown."""
        return "\n".join(
            f".t{image_id[:16]}{{background-image:url(data:image/jpeg;base64,{drawn})}}"
            for image_id, drawn in self._drawn.items()
        )
