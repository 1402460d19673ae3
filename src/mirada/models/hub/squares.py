"""Pictures as SAM and its kin take them: in a square, with their aspect and padded, or squeezed.

By the numbers that come with a checkpoint, without torchvision, which transformers asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
import transformers
from PIL.Image import Resampling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

    from mirada.models.hub.source import Source

MEAN: Final = (0.485, 0.456, 0.406)  # of ImageNet, where a checkpoint tells no others
SPREAD: Final = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Square:
    """How a model wants its pictures."""

    side: int  # pixels
    padded: bool  # whether they keep their aspect and lie at the top left; else they fill it
    mean: tuple[float, ...]
    spread: tuple[float, ...]

    def shown(self, image: Image) -> tuple[int, int]:
        """Width and height in pixels of what the image fills of the square."""
        if not self.padded:
            return self.side, self.side
        scale = self.side / max(image.size)
        width, height = (max(1, int(one * scale + 0.5)) for one in image.size)
        return width, height

    def __call__(self, image: Image) -> torch.Tensor:
        """(1, 3, side, side) an RGB image as the model takes it."""
        width, height = self.shown(image)
        sized = image.resize((width, height), Resampling.BILINEAR)
        told = (np.asarray(sized, np.float32) / 255 - self.mean) / self.spread
        square = torch.zeros(1, 3, self.side, self.side)
        square[0, :, :height, :width] = torch.from_numpy(told).permute(2, 0, 1)
        return square


def square_of(source: Source, side: int) -> Square:
    """What the checkpoint tells of its pictures; raises ModelUnavailable where it tells nothing.

    Args:
        source: the checkpoint.
        side: pixels of the square that the model looks at.
    """
    told, _ = source.load(transformers.ImageProcessingMixin.get_image_processor_dict)
    padded = "longest_edge" in (told.get("size") or {})
    return Square(side, padded, _colours(told, "mean", MEAN), _colours(told, "std", SPREAD))


def _colours(told: Mapping[str, Any], name: str, default: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(float, told.get(f"image_{name}") or default))
