"""Any model of OpenCLIP: ViT-B-32 on LAION, MobileCLIP2, SigLIP ... (Cherti et al., CVPR 2023).

Importing this module needs neither torch nor open_clip.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable
from mirada.models.contrast import About, ContrastEncoder

if TYPE_CHECKING:
    from pathlib import Path

NEEDS = "open-clip needs the extra: pip install 'mirada[open-clip]'"


class OpenClipEncoder(ContrastEncoder):
    """Images and texts to unit vectors by a model of open_clip; safe to share between threads."""

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        batch_size: int = 32,
    ) -> None:
        """The weights are loaded by the first call.

        Args:
            model: "ARCHITECTURE/TAG" as open_clip lists them, "hf-hub:org/name", or a folder with
                `open_clip_config.json` and weights.
            device: auto, cpu, cuda or mps; by default what MIRADA_DEVICE says.
            precision: auto, float32, bfloat16 or float16; by default what MIRADA_PRECISION says.
            batch_size: images or texts at once, at most; halved where memory does not hold them.

        Raises:
            ModelUnavailable: the extra is missing, or the model cannot be had.
            ConfigError: there is no such device here, or no such precision.
        """
        try:
            from mirada.models import open_clip_towers as towers  # noqa: PLC0415 brings torch
        except ImportError as error:
            raise ModelUnavailable(NEEDS) from error
        except RuntimeError as error:
            raise ModelUnavailable(
                f"open_clip cannot be imported ({error}): install torch and torchvision of one "
                "build, both for graphics cards or both without"
            ) from error
        self.outline = towers.outline(model, device, precision)
        about = About(
            name=self.outline.name,
            dim=self.outline.dim,
            image_size=self.outline.image_size,
            digest=self.outline.digest,
        )
        super().__init__(about, partial(towers.OpenClipTowers, self.outline), batch_size=batch_size)
