"""Pictures in the terminal, through whatever graphics protocol it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from textual_image.renderable import Image

from mirada.errors import UnreadableImage
from mirada.indexing.images import open_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image as Pixels

ROWS = 8  # height of a thumbnail in lines of text
PIXELS = 320
LARGE_PIXELS: Final = 1024
LARGE_SHARE: Final = 0.6  # of the terminal's height that one large picture may take


def draw(path: Path) -> None:
    """Draw a picture on stdout; a picture that has become unreadable leaves a line instead."""
    _draw(lambda: _small(path), lambda _: ROWS)


def draw_large(read: Callable[[int], Pixels]) -> None:
    """Draw the picture that `read` gives for a side of so many pixels, as `draw` does."""
    console = Console()

    def rows(pixels: Pixels) -> int:
        """What fits the terminal; its cells are about twice as high as wide."""
        fits = console.width * pixels.height / pixels.width / 2
        return max(1, round(min(LARGE_SHARE * console.height, fits)))

    _draw(lambda: read(LARGE_PIXELS), rows)


def _small(path: Path) -> Pixels:
    pixels = open_image(path, PIXELS)
    pixels.thumbnail((PIXELS, PIXELS))
    return pixels


def _draw(read: Callable[[], Pixels], rows: Callable[[Pixels], int]) -> None:
    console = Console()
    try:
        pixels = read()
    except UnreadableImage as error:
        console.print(f"      ({error})", markup=False)
        return
    console.print(Image(pixels, height=rows(pixels), width="auto"))
