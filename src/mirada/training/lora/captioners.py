"""Adapters of captioners: every word of a caption from the image and the words before it.

A batch may be computed in pieces: each adds its share of the mean over all words of the batch, so
the gradient is that of the whole batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from mirada.errors import ModelUnavailable
from mirada.training.lora.stage import LoraStage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.lora.data import Pair

LONGEST = 40  # tokens of a caption; the rest is cut, as BLIP does
NOTHING = -100  # where there is no word to guess


class CaptionerStage(LoraStage):
    """Cross-entropy of the tokens of captions."""

    def loss(self, step: int) -> Tensor:
        """Mean cross-entropy of a token, in nats."""
        losses, count = self._losses(self.images, self.drawn(step))
        return losses / count

    def learn(self, step: int) -> float:
        """As `Stage.learn`, in the pieces of the recipe."""
        pairs = self.drawn(step)
        count = sum(len(self._tokens(pair)) + 1 for pair in pairs)
        total = 0.0
        for piece in self.pieces(pairs):
            share = self._losses(self.images, piece)[0] / count
            share.backward()  # type: ignore[no-untyped-call]
            total += share.item()
        return total

    def watch(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """Mean cross-entropy of a token, and its exponential."""
        parts = [self._losses(self.held_out, chunk) for chunk in self.chunks(pairs)]
        mean = sum(losses.item() for losses, _ in parts) / sum(count for _, count in parts)
        return {"dev loss": round(mean, 4), "perplexity": round(math.exp(mean), 3)}

    def score(self, figures: Mapping[str, Any]) -> float:
        """The less the loss, the better."""
        return -float(figures["dev loss"])

    def _losses(
        self, images: Sequence[CaptionedImage], pairs: Sequence[Pair]
    ) -> tuple[Tensor, int]:
        """Sum of the cross-entropies, and of how many tokens."""
        words, targets = self._words(pairs)
        pixels = self.reader.read([images[pair.row] for pair in pairs])
        with self.autocast():
            out = self.model(**self.placed(pixels | words))
        logits = out.logits[:, -targets.shape[1] :].float().flatten(0, 1)
        wanted = targets.flatten().to(self.device)
        losses = functional.cross_entropy(logits, wanted, ignore_index=NOTHING, reduction="sum")
        return losses, int((targets != NOTHING).sum())

    def _words(self, pairs: Sequence[Pair]) -> tuple[dict[str, Tensor], Tensor]:
        """What the model is told, and (n, length) the token that follows each one of a caption."""
        start, end = self._marks()
        said = [self._tokens(pair) for pair in pairs]
        written = _padded([[start, *ids] for ids in said], self._filler)
        targets = _padded([[*ids, end] for ids in said], NOTHING)
        mask = (targets != NOTHING).long()
        if self.config.model_type != "blip-2":
            return {"input_ids": written, "attention_mask": mask}, targets
        seen = torch.full((len(pairs), self.config.num_query_tokens), self._image_token)
        if self.config.use_decoder_only_language_model:
            known = torch.cat([torch.ones_like(seen), mask], 1)
            return {"input_ids": torch.cat([seen, written], 1), "attention_mask": known}, targets
        prompt = torch.full((len(pairs), 1), self.config.text_config.bos_token_id)
        told = {"decoder_input_ids": written, "decoder_attention_mask": mask}
        return {"input_ids": torch.cat([seen, prompt], 1), **told}, targets

    def _marks(self) -> tuple[int, int]:
        """The tokens before and after a caption, as `generate` begins and ends it."""
        text = self.config.text_config
        if self.config.model_type == "blip":
            return text.bos_token_id, text.sep_token_id
        if self.config.use_decoder_only_language_model:
            return text.bos_token_id, text.eos_token_id
        return text.decoder_start_token_id, text.eos_token_id

    @property
    def _image_token(self) -> int:
        token = self.config.image_token_index
        if token is None:
            raise ModelUnavailable(
                f"{self.base.source} names no token for images (image_token_index in config.json):"
                " fetch its present revision"
            )
        return int(token)

    @property
    def _filler(self) -> int:
        return int(self.config.text_config.pad_token_id or 0)

    def _tokens(self, pair: Pair) -> list[int]:
        tokenizer = self.base.processor.tokenizer
        ids: list[int] = tokenizer(pair.caption, add_special_tokens=False).input_ids
        return ids[:LONGEST]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    tensors = [torch.tensor(row) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=filler)
