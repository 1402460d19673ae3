"""Any model of OpenCLIP: ViT-B-32 on LAION, MobileCLIP2, SigLIP ... (Cherti et al., CVPR 2023).

Importing this module needs neither torch nor open_clip.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mirada.models.contrast import About, ContrastEncoder
from mirada.models.extras import extra_needed

if TYPE_CHECKING:
    from pathlib import Path


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
            model: "ARCHITECTURE/TAG" as open_clip lists them, "hf-hub:org/name" or
                "hf-hub:org/name@revision", or a folder with `open_clip_config.json` and weights.
                Without a revision, a commit of the hub that was fetched before stays. This cannot
                be had for ARCHITECTURE/TAG, nor for a text tower or a tokenizer that a
                configuration takes from elsewhere: open_clip asks the hub for the newest each time.
            device: auto, cpu, cuda, cuda:1 or mps; by default what MIRADA_DEVICE says.
            precision: auto, float32, bfloat16 or float16; by default what MIRADA_PRECISION says.
            batch_size: images or texts at once, at most; halved where memory does not hold them.

        Raises:
            ModelUnavailable: the extra is missing, or the model cannot be had.
            ConfigError: there is no such device here, or no such precision.
        """
        with extra_needed("open-clip"):
            from mirada.models import open_clip_towers as towers  # noqa: PLC0415 brings torch
        self.outline = towers.outline(model, device, precision)
        about = About(
            name=self.outline.found.name,
            dim=self.outline.dim,
            image_size=self.outline.image_size,
            digest=self.outline.digest,
        )
        super().__init__(about, partial(towers.OpenClipTowers, self.outline), batch_size=batch_size)
