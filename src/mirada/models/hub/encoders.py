"""Any dual encoder in the format of Hugging Face: CLIP, SigLIP, SigLIP 2, ALIGN, AltCLIP ...

Importing this module needs neither torch nor transformers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mirada.models.contrast import About, ContrastEncoder
from mirada.models.extras import extra_needed

if TYPE_CHECKING:
    from pathlib import Path


class HubEncoder(ContrastEncoder):
    """Images and texts to unit vectors by a model of transformers; safe to share between threads.

    Images go through the processor of the checkpoint, texts through its tokenizer as in training:
    cut after as many tokens as the model reads. Computed in float32 on a processor, in bfloat16 on
    a card that is fast with it, unless `precision` says otherwise.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        batch_size: int = 32,
        trust_remote_code: bool = False,
    ) -> None:
        """The weights are loaded by the first call.

        Args:
            model: a folder, "org/name" or "org/name@revision" on the hub.
            device: auto, cpu, cuda, cuda:1 or mps; by default what MIRADA_DEVICE says.
            precision: auto, float32, bfloat16 or float16; by default what MIRADA_PRECISION says.
            batch_size: images or texts at once, at most; halved where memory does not hold them.
            trust_remote_code: run code that comes with the checkpoint.

        Raises:
            ModelUnavailable: the extra is missing, or the model cannot be had or is no encoder.
            ConfigError: there is no such device here, or no such precision.
        """
        with extra_needed("hub"):
            from mirada.models.hub import dual, source  # noqa: PLC0415 brings torch
        found = source.source_of(model, trusted=trust_remote_code)
        self.outline = dual.outline(found, device, precision)
        about = About(
            name=found.name,
            dim=self.outline.dim,
            image_size=self.outline.image_size,
            digest=self.outline.digest,
        )
        super().__init__(about, partial(dual.HubTowers, self.outline), batch_size=batch_size)
