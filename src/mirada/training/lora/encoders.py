"""Adapters of encoders: images and texts are brought together, as in `mirada.training.contrast`.

A batch that is computed in pieces still compares all its pairs: its vectors are computed first
without learning, the loss gives the gradient of each of them, and piece by piece they are computed
again to pass it on (GradCache: Gao et al., RepL4NLP 2021). That costs a second forward pass; the
gradient is that of the whole batch, since dropout is drawn alike both times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.evaluation.measures import first_ranks, recall
from mirada.training.lora.losses import owners_of, sigmoid_contrast
from mirada.training.lora.stage import LoraStage
from mirada.training.towers import LAST_SCALE, contrast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.lora.data import Pair


class EncoderStage(LoraStage):
    """Pairs of an image and a caption; scale and bias of the loss stay those of the base model."""

    def loss(self, step: int) -> Tensor:
        """InfoNCE, or for SigLIP the sigmoid loss."""
        pairs = self.drawn(step)
        return self._compare(*self._embed(self._inputs(self.images, pairs)), pairs)

    def learn(self, step: int) -> float:
        """As `Stage.learn`, in the pieces of the recipe."""
        pairs = self.drawn(step)
        pieces = self.pieces(pairs)
        if len(pieces) == 1:
            return super().learn(step)
        inputs = [self._inputs(self.images, piece) for piece in pieces]
        seeds = [torch.initial_seed() + number for number in range(len(pieces))]
        with torch.no_grad():
            seen = [self._embed(*one) for one in zip(inputs, seeds, strict=True)]
        images, texts = (torch.cat(rows).requires_grad_() for rows in zip(*seen, strict=True))
        loss = self._compare(images, texts, pairs)
        loss.backward()  # type: ignore[no-untyped-call]
        sizes = [len(piece) for piece in pieces]
        gradients = (rows.grad.split(sizes) for rows in (images, texts))  # type: ignore[union-attr]
        wanted = zip(*gradients, strict=True)
        for one, seed, own in zip(inputs, seeds, wanted, strict=True):
            torch.autograd.backward(self._embed(one, seed), own)
        return loss.item()

    def watch(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """R@1/5/10 in percent of captions that search the images of their dataset."""
        parts = [self._embed(self._inputs(self.held_out, chunk)) for chunk in self.chunks(pairs)]
        gallery, queries = (torch.cat(rows).numpy() for rows in zip(*parts, strict=True))
        found: dict[str, Any] = {}
        datasets = [self.held_out[pair.row].dataset for pair in pairs]
        for dataset in sorted(set(datasets)):
            rows = [row for row, one in enumerate(datasets) if one == dataset]
            ranks = first_ranks(queries[rows], gallery[rows], [[i] for i in range(len(rows))])
            shares = recall(ranks).at
            found[dataset] = {f"R@{cut}": round(100 * share, 2) for cut, share in shares.items()}
        return found

    def score(self, figures: Mapping[str, Any]) -> float:
        """Mean R@1, R@5 and R@10 over datasets."""
        measured = [one for one in figures.values() if isinstance(one, dict)]
        return float(np.mean([share for one in measured for share in one.values()]))

    def _inputs(self, images: Sequence[CaptionedImage], pairs: Sequence[Pair]) -> dict[str, Tensor]:
        """Tensors of n rows; SigLIP learnt texts filled up to their full length, unmasked."""
        tokenizer, length = self.base.processor.tokenizer, self._length
        captions = [pair.caption for pair in pairs]
        ids = tokenizer(
            captions,
            padding="max_length" if self._sigmoid else "longest",
            truncation=True,
            max_length=length,
            return_tensors="pt",
            return_attention_mask=not self._sigmoid,
        )
        named = {name: ids[name] for name in ("input_ids", "attention_mask") if name in ids}
        return named | self.reader.read([images[pair.row] for pair in pairs])

    def _embed(
        self, inputs: Mapping[str, Tensor], seed: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """(n, dim) unit rows of images and of texts, float32 on the CPU where they are compared."""
        if seed is not None:
            torch.manual_seed(seed)
        with self.autocast():
            out = self.model(**self.placed(inputs))
        images, texts = (
            functional.normalize(rows.float(), dim=-1).cpu()
            for rows in (out.image_embeds, out.text_embeds)
        )
        return images, texts

    def _compare(self, images: Tensor, texts: Tensor, pairs: Sequence[Pair]) -> Tensor:
        model, owners = self.base.model, owners_of(pairs)
        scale = model.logit_scale.detach().float().cpu().exp()
        if self._sigmoid:
            bias = model.logit_bias.detach().float().cpu()
            return sigmoid_contrast(images, texts, owners, scale, bias)
        return contrast(images, texts, owners, scale.clamp(max=LAST_SCALE), self.recipe.smoothing)

    @property
    def _sigmoid(self) -> bool:
        return hasattr(self.base.model, "logit_bias")

    @property
    def _length(self) -> int:
        return int(self.config.text_config.max_position_embeddings)
