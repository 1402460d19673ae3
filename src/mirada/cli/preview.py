"""Thumbnails in the terminal, through whatever graphics protocol it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from textual_image.renderable import Image

from mirada.errors import UnreadableImage
from mirada.indexing.images import open_image

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 8  # height of a thumbnail in lines of text
PIXELS = 320


def draw(path: Path) -> None:
    """Draw a picture on stdout; a picture that has become unreadable leaves a line instead."""
    console = Console()
    try:
        pixels = open_image(path, PIXELS)
    except UnreadableImage as error:
        console.print(f"      ({error})")
        return
    pixels.thumbnail((PIXELS, PIXELS))
    console.print(Image(pixels, height=ROWS, width="auto"))
