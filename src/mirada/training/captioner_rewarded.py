"""The last stage of the captioner: its own sentences, the better ones made likelier.

Self-critical sequence training (Rennie et al., CVPR 2017): several sentences are drawn for an
image, each is worth its CIDEr-D against what people wrote, and the mean worth of the others is
what it must beat (Luo, "A better variant of self-critical sequence training", 2020). Phrases of
parts go on by cross-entropy, so they don't drift; images with a single caption are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.training.captioner_data import Showing, cells, is_rich
from mirada.training.captioner_model import swift
from mirada.training.captioner_reward import CiderD, Weighed, spoken
from mirada.training.captioner_sampling import Drawing, Kept, draw_texts
from mirada.training.captioner_stage import CHUNK, CaptionStage
from mirada.training.captioner_text import END, mark, piece_of
from mirada.types import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tokenizers import Tokenizer

    from mirada.training.captioner_data import Lessons
    from mirada.training.captioner_model import CaptionDecoder
    from mirada.training.captioner_recipe import CaptionerRecipe

LISTENED = 400  # images of the dev set whose likeliest sentences are scored after each epoch


class RewardStage(CaptionStage):
    """Goes on from a decoder that writes already."""

    name = "reward"

    def __init__(
        self,
        recipe: CaptionerRecipe,
        model: CaptionDecoder,
        tokenizer: Tokenizer,
        lessons: Lessons,
        held_out: Lessons,
    ):
        super().__init__(recipe, model, tokenizer, lessons, held_out, schedule=recipe.reward)
        self.said = {one: said_by_people(lessons, one) for one in recipe.languages}
        self.ciders = {one: CiderD(texts) for one, texts in self.said.items()}
        self.people: dict[tuple[str, int], list[Weighed]] = {}
        self.end = piece_of(tokenizer, END)
        special = tokenizer.get_added_tokens_decoder()
        self.banned = [piece for piece in special if piece != self.end]
        self.heard = _spread(held_out, LISTENED)

    def draw(self, epoch: int) -> list[Showing]:
        """Showings of images that several people captioned."""
        images = self.lessons.images
        return [one for one in super().draw(epoch) if is_rich(images[one.row])]

    def loss(self, step: int) -> Tensor:
        """The reward's gradient on sentences, cross-entropy on everything else."""
        shown = self.drawn(step)
        rewarded = [showing for showing in shown if is_rewarded(showing)]
        others = [showing for showing in shown if not is_rewarded(showing)]
        total = torch.zeros(())
        if rewarded:
            with swift():
                total = total + self._rewarded(rewarded)
        if others:
            losses, _ = self._losses(self.lessons, others, self.recipe.smoothing)
            total = total + self.recipe.likelihood * losses.mean()
        return total

    def evaluate(self) -> dict[str, Any]:
        """Perplexities, and CIDEr-D of the likeliest sentences; rarity is that of the lessons."""
        found = super().evaluate()
        held_out, rows = self.watched[0], self.heard
        if rows:
            seen = self._see(held_out, [Showing(row, WHOLE, False, ()) for row in rows])
            for language in self.recipe.languages:
                texts = self._draw(seen, language, 1, likeliest=True)
                people = said_by_people(held_out, language)
                worth = self._worth(
                    texts, language, [self._weigh(people[row], language) for row in rows]
                )
                found[f"{language} CIDEr-D"] = round(10 * float(worth.mean()), 3)
        return found

    def _rewarded(self, showings: Sequence[Showing]) -> Tensor:
        """Mean over the pieces learnt from of -advantage * log probability, in all languages."""
        seen = self._see(self.lessons, showings)
        total, pieces = torch.zeros(()), 0
        for language in self.recipe.languages:
            share = 1.0 if language == self.recipe.languages[0] else self.recipe.foreign
            rows = torch.nonzero(torch.rand(len(showings)) < share)[:, 0]
            if len(rows):
                own = [(key[rows], value[rows]) for key, value in seen]
                texts = self._draw(own, language, self.recipe.samples)
                people = [self._people(language, showings[row].row) for row in rows.tolist()]
                pushed, count = self._criticised(own, texts, self._worth(texts, language, people))
                total, pieces = total + pushed, pieces + count
        return total / max(1, pieces)

    def _draw(self, seen: Kept, language: str, count: int, *, likeliest: bool = False) -> Tensor:
        """(boxes, count, length) ids of sentences, without dropout."""
        drawing = Drawing(count, self.end, self.banned, likeliest)
        first = piece_of(self.tokenizer, mark(language, "human"))
        learning = self.model.training
        self.model.eval()
        given = [(key.detach(), value.detach()) for key, value in seen]
        texts = draw_texts(self.model, given, torch.full((len(seen[0][0]),), first), drawing)
        self.model.train(learning)
        return texts

    def _see(self, lessons: Lessons, showings: Sequence[Showing]) -> Kept:
        grid = self.recipe.decoder.grid
        return self.model.see(torch.from_numpy(cells(lessons.maps, showings, grid)))

    def _worth(self, texts: Tensor, language: str, people: Sequence[Sequence[Weighed]]) -> Tensor:
        """(showings, count) CIDEr-D of each text."""
        cider = self.ciders[language]
        flat = texts.flatten(0, 1).tolist()
        words = self.tokenizer.decode_batch(flat)
        scores = [
            cider.score(
                cider.weigh(spoken(said, ended=self.end in ids)), people[place // texts.shape[1]]
            )
            for place, (said, ids) in enumerate(zip(words, flat, strict=True))
        ]
        return torch.tensor(scores).view(texts.shape[:2])

    def _criticised(self, seen: Kept, texts: Tensor, worth: Tensor) -> tuple[Tensor, int]:
        """Sum of -advantage * log probability over the pieces, and how many pieces there are.

        Only the best and the worst text of each box are learnt from: they carry most of what the
        rewards tell, at a fraction of the cost.
        """
        count = worth.shape[1]
        advantage = (worth - worth.mean(1, keepdim=True)) * count / (count - 1)
        ends = torch.stack([advantage.argmax(1), advantage.argmin(1)], 1)
        flat = texts.gather(1, ends[:, :, None].expand(-1, -1, texts.shape[2])).flatten(0, 1)
        pull = advantage.gather(1, ends).flatten()
        lengths = (flat != 0).sum(1)
        order = lengths.argsort()
        total = torch.zeros(())
        for start in range(0, len(order), CHUNK):
            lines = order[start : start + CHUNK]
            ids = flat[lines, : int(lengths[lines].max())]
            own = [(key[lines // 2], value[lines // 2]) for key, value in seen]
            known = ids[:, 1:] != 0
            scores = self.model.score(self.model(ids[:, :-1], own)[known])
            losses = functional.cross_entropy(scores.float(), ids[:, 1:][known], reduction="none")
            total = total + (losses * pull[lines][:, None].expand_as(known)[known]).sum()
        return total, int((lengths - 1).sum())

    def _people(self, language: str, row: int) -> list[Weighed]:
        """What people wrote about a training image, weighed once."""
        key = (language, row)
        if key not in self.people:
            self.people[key] = self._weigh(self.said[language][row], language)
        return self.people[key]

    def _weigh(self, texts: Sequence[Sequence[str]], language: str) -> list[Weighed]:
        return [self.ciders[language].weigh(text) for text in texts]


def is_rewarded(showing: Showing) -> bool:
    """Whether several people wrote about what is shown, so that a reward can be had."""
    return bool(showing.texts) and showing.texts[0].kind == "human"


def said_by_people(lessons: Lessons, language: str) -> list[list[list[str]]]:
    """For each image the words of its captions; none where there is only one."""
    known: Mapping[str, str] = lessons.spanish
    return [
        [spoken(text if language == "en" else known[text]) for text in image.captions]
        if is_rich(image)
        else []
        for image in lessons.images
    ]


def _spread(lessons: Lessons, count: int) -> list[int]:
    """At most so many images with several captions, evenly over the set."""
    rows = [row for row, image in enumerate(lessons.images) if is_rich(image)]
    if not rows:
        return []
    return [rows[int(at)] for at in np.linspace(0, len(rows) - 1, min(count, len(rows)))]
