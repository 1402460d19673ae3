"""Pictures for tests, all generated: flat colours, shapes, gradients, in any format and mode."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

ORIENTATION = 0x0112  # EXIF tag


def flat(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """One colour all over."""
    return Image.new("RGB", size, colour)


def shape(
    name: str = "disc",
    colour: tuple[int, int, int] = RED,
    *,
    ground: tuple[int, int, int] = WHITE,
    size: tuple[int, int] = (96, 64),
    centre: tuple[float, float] = (0.5, 0.5),
) -> Image.Image:
    """A disc, square or triangle, a quarter of the shorter side in radius.

    `centre` is in fractions of width and height.
    """
    image = flat(ground, size)
    draw = ImageDraw.Draw(image)
    x, y = centre[0] * size[0], centre[1] * size[1]
    radius = min(size) / 4
    box = (x - radius, y - radius, x + radius, y + radius)
    if name == "disc":
        draw.ellipse(box, fill=colour)
    elif name == "square":
        draw.rectangle(box, fill=colour)
    elif name == "triangle":
        draw.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], colour)
    else:
        raise ValueError(f"no such shape: {name}")
    return image


def gradient(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Smooth: red grows to the right, green downwards, blue waves."""
    x = np.linspace(0, 1, size[0])[None, :]
    y = np.linspace(0, 1, size[1])[:, None]
    wave = np.broadcast_to(0.5 + 0.5 * np.sin(9 * x + 7 * y), (size[1], size[0]))
    planes = (np.broadcast_to(x, wave.shape), np.broadcast_to(y, wave.shape), wave)
    return Image.fromarray((np.stack(planes, axis=-1) * 255).astype(np.uint8))


def noise(size: tuple[int, int] = (64, 48), seed: int = 0) -> Image.Image:
    """Compresses badly, so that files are long enough to be cut."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def corners() -> Image.Image:
    """16 x 8 pixels in four flat quarters: red, green over blue, white."""
    image = flat(RED, (16, 8))
    image.paste(GREEN, (8, 0, 16, 4))
    image.paste(BLUE, (0, 4, 8, 8))
    image.paste(WHITE, (8, 4, 16, 8))
    return image


def encode(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file in any format that Pillow writes, HEIF included."""
    if format_ == "HEIF":
        import pillow_heif

        buffer = BytesIO()
        pillow_heif.from_pillow(image).save(buffer, **options)
        return buffer.getvalue()
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def exif_with(orientation: int) -> Image.Exif:
    """EXIF with nothing but an orientation."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def write(path: Path, image: Image.Image | None = None, format_: str = "JPEG") -> Path:
    """Put a picture, or a red one, into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(image or flat(), format_))
    return path
