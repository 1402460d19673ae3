"""The first stage of the captioner: every word from the box and the words before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from mirada.training.captioner_data import Lessons, Showing, cells, draw_epoch
from mirada.training.captioner_model import swift
from mirada.training.captioner_text import encode, mark, marks, piece_of
from mirada.training.loop import Group, Stage
from mirada.training.text import pad

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tokenizers import Tokenizer

    from mirada.training.captioner_model import CaptionDecoder
    from mirada.training.captioner_recipe import CaptionerRecipe
    from mirada.training.recipe import Schedule

CHUNK = 96  # texts of like length computed together
WATCHED = 800  # showings of the dev set that are measured after each epoch


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts as ids, each with the place of its box in the batch."""

    ids: list[list[int]]  # mark, pieces, end
    owners: list[int]


class CaptionStage(Stage):
    """Learns from lessons and is watched on others."""

    name = "captioner"

    def __init__(
        self,
        recipe: CaptionerRecipe,
        model: CaptionDecoder,
        tokenizer: Tokenizer,
        lessons: Lessons,
        held_out: Lessons,
        *,
        schedule: Schedule | None = None,
    ):
        self.recipe, self.model = recipe, model
        self.schedule = schedule or recipe.schedule
        self.lessons, self.tokenizer = lessons, tokenizer
        self.pieces = _pieces(tokenizer, (lessons, held_out))
        self.epoch, self.showings = 0, self.draw(0)
        self.epoch_steps = max(1, len(self.showings) // self.schedule.batch)
        self.groups = [
            Group(tuple(model.parameters()), self.schedule.rate, recipe.decay, clipped=True)
        ]
        self.watched = (held_out, draw_epoch(held_out, recipe, 0)[:WATCHED])

    def loss(self, step: int) -> Tensor:
        """Mean cross-entropy of a word, with smoothed labels."""
        losses, _ = self._losses(self.lessons, self.drawn(step), self.recipe.smoothing)
        return losses.mean()

    def draw(self, epoch: int) -> list[Showing]:
        """What an epoch shows, in order."""
        return draw_epoch(self.lessons, self.recipe, epoch)

    def drawn(self, step: int) -> Sequence[Showing]:
        """The showings of a step."""
        epoch, place = divmod(step, self.epoch_steps)
        if epoch != self.epoch:
            self.epoch, self.showings = epoch, self.draw(epoch)
        size = self.schedule.batch
        return self.showings[place * size : (place + 1) * size]

    def evaluate(self) -> dict[str, Any]:
        """Perplexity of a piece for each kind of text."""
        held_out, showings = self.watched
        size = self.schedule.batch
        parts = [
            self._losses(held_out, showings[start : start + size], 0.0)
            for start in range(0, len(showings), size)
        ]
        losses, kinds = (torch.cat(some) for some in zip(*parts, strict=True))
        found = {}
        for name in marks(self.recipe.languages):
            own = losses[kinds == piece_of(self.tokenizer, name)]
            if len(own):
                found[f"{name.strip('<>')} perplexity"] = round(float(own.mean().exp()), 3)
        return found

    def train(self, mode: bool) -> None:
        """Switch dropout on or off."""
        self.model.train(mode)

    def _losses(
        self, lessons: Lessons, showings: Sequence[Showing], smoothing: float
    ) -> tuple[Tensor, Tensor]:
        """(n,) cross-entropy of every piece of the texts, and (n,) the mark of its text."""
        with swift():
            return self._computed(lessons, showings, smoothing)

    def _computed(
        self, lessons: Lessons, showings: Sequence[Showing], smoothing: float
    ) -> tuple[Tensor, Tensor]:
        grid = self.recipe.decoder.grid
        seen = self.model.see(torch.from_numpy(cells(lessons.maps, showings, grid)))
        lines = self._lines(showings)
        order = sorted(range(len(lines.ids)), key=lambda line: len(lines.ids[line]))
        losses, kinds = [], []
        for start in range(0, len(order), CHUNK):
            chosen = order[start : start + CHUNK]
            ids, mask = pad([lines.ids[line] for line in chosen])
            owners = torch.tensor([lines.owners[line] for line in chosen])
            own = [(key[owners], value[owners]) for key, value in seen]
            known = mask[:, 1:].bool()
            scores = self.model.score(self.model(ids[:, :-1], own)[known])
            losses.append(
                functional.cross_entropy(
                    scores.float(), ids[:, 1:][known], label_smoothing=smoothing, reduction="none"
                )
            )
            kinds.append(ids[:, :1].expand(-1, known.shape[1])[known])
        return torch.cat(losses), torch.cat(kinds)

    def _lines(self, showings: Sequence[Showing]) -> Lines:
        ids, owners = [], []
        for owner, showing in enumerate(showings):
            for text in showing.texts:
                first = piece_of(self.tokenizer, mark(text.language, text.kind))
                pieces = self.pieces[text.words]
                if 1 < len(pieces) < self.recipe.decoder.length:
                    ids.append([first, *pieces])
                    owners.append(owner)
        return Lines(ids, owners)


def _pieces(tokenizer: Tokenizer, lessons: Sequence[Lessons]) -> Mapping[str, list[int]]:
    texts = {text for one in lessons for some in one.texts().values() for text in some}
    return encode(tokenizer, sorted(texts))
