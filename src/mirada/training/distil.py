"""The text tower learns MiniLM's sentence vectors from words in both languages.

Sentence vectors of the teacher are of the English text; the student sees it in English and in
Spanish (Reimers & Gurevych, EMNLP 2020). Single words keep it from knowing its captions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.training.loop import Group, Stage
from mirada.training.text import encode_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from mirada.training.corpus import Corpus
    from mirada.training.recipe import Recipe, Schedule
    from mirada.training.text import TextTower
    from mirada.training.vocabulary import Word

LIKE_LENGTHS = 16  # batches whose texts are sorted by length together
COSINE_WEIGHT = 10.0
CHOICE_WEIGHT = 0.1
CHOICE_TEMPERATURE = 0.05


@dataclass(frozen=True, slots=True)
class Lesson:
    """Texts for the student and, for each, the row of the teacher's vector."""

    texts: tuple[str, ...]
    rows: tuple[int, ...]


def teacher_texts(corpus: Corpus, words: Sequence[Word]) -> list[str]:
    """What the teacher is asked, in the order of its rows: captions, words, words in a phrase."""
    english = [word.english for word in words]
    return [*corpus.texts("en"), *english, *(f"a photo of a {word}" for word in english)]


def lesson(corpus: Corpus, words: Sequence[Word], languages: Sequence[str]) -> Lesson:
    """Captions, words and phrases in all languages."""
    captions = len(corpus.texts("en"))
    pairs = [
        (text, row) for language in languages for row, text in enumerate(corpus.texts(language))
    ]
    for place, word in enumerate(words):
        pairs.append((word.english, captions + place))
        if word.spanish is not None:
            phrase = f"una foto de {word.spanish}"
            pairs += [(word.spanish, captions + place), (phrase, captions + len(words) + place)]
    return Lesson(tuple(text for text, _ in pairs), tuple(row for _, row in pairs))


def text_groups(tower: TextTower, recipe: Recipe, schedule: Schedule) -> list[Group]:
    """The word table at one rate, the rest of the tower at another."""
    table = [tower.table.weight, *(tower.widen.parameters() if tower.widen is not None else ())]
    known = {id(weight) for weight in table}
    rest = [weight for weight in tower.parameters() if id(weight) not in known]
    return [
        Group(tuple(table), schedule.table_rate, recipe.tower_decay, clipped=True),
        Group(tuple(rest), schedule.layer_rate, recipe.tower_decay, clipped=True),
    ]


class DistilStage(Stage):
    """Cosine to the teacher's vector, and picking it out of the batch."""

    name = "distil"

    def __init__(
        self,
        recipe: Recipe,
        tower: TextTower,
        tokenizer: Tokenizer,
        taught: Lesson,
        vectors: Tensor,
        dev: tuple[dict[str, list[str]], Tensor],
    ):
        """`vectors` (n, width): the teacher's, unit rows; `dev`: texts by language and theirs."""
        self.schedule = recipe.distil
        self._seed = recipe.seed
        self._tower, self._tokenizer = tower, tokenizer
        self._ids = [encoding.ids for encoding in tokenizer.encode_batch(list(taught.texts))]
        self._rows, self._vectors, self._dev = taught.rows, vectors, dev
        self._drawn = min(len(self._ids), recipe.distil_texts or len(self._ids))
        self.epoch_steps = -(-self._drawn // recipe.distil.batch)
        self.groups = text_groups(tower, recipe, recipe.distil)
        tower.set_dropout(0.0)

    def loss(self, step: int) -> Tensor:
        """As `Stage.loss`."""
        chosen = self._batches(step // self.epoch_steps)[step % self.epoch_steps]
        made = functional.normalize(encode_ids(self._tower, [self._ids[i] for i in chosen]), dim=-1)
        wanted = self._vectors[[self._rows[i] for i in chosen]]
        cosine = (made * wanted).sum(1).mean()
        choice = functional.cross_entropy(
            made @ wanted.T / CHOICE_TEMPERATURE, torch.arange(len(chosen))
        )
        return COSINE_WEIGHT * (1 - cosine) + CHOICE_WEIGHT * choice

    def evaluate(self) -> dict[str, Any]:
        """Mean cosine to the teacher by language."""
        texts, wanted = self._dev
        return {
            f"cosine {language}": round(float((self.encode(some) * wanted).sum(1).mean()), 4)
            for language, some in texts.items()
        }

    def encode(self, texts: Sequence[str]) -> Tensor:
        """(n, width) unit sentence vectors."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return functional.normalize(encode_ids(self._tower, ids), dim=-1)

    def train(self, mode: bool) -> None:
        """As `Stage.train`."""
        self._tower.train(mode)

    def _batches(self, epoch: int) -> list[list[int]]:
        """Texts of like length together: less padding."""
        random = np.random.default_rng([self._seed, epoch])
        order, size = (
            random.permutation(len(self._ids))[: self._drawn].tolist(),
            self.schedule.batch,
        )
        batches: list[list[int]] = []
        for start in range(0, len(order), size * LIKE_LENGTHS):
            group = sorted(order[start : start + size * LIKE_LENGTHS], key=self._length)
            parts = [group[i : i + size] for i in range(0, len(group), size)]
            batches += [parts[i] for i in random.permutation(len(parts))]
        return batches

    def _length(self, index: int) -> int:
        return len(self._ids[index])
