"""The two stages that bring images and texts together: heads alone, then the towers with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.evaluation.measures import first_ranks, recall
from mirada.training.corpus import draw_epoch
from mirada.training.loop import Stage
from mirada.training.text import encode_ids
from mirada.training.towers import contrast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from mirada.training.corpus import Corpus, Example
    from mirada.training.recipe import Recipe, Schedule
    from mirada.training.towers import Dual

MAPS_A_CALL = 64  # images whose maps go through the tail together when nothing is learnt


@dataclass(frozen=True, slots=True)
class Shown:
    """A corpus ready to be learnt from."""

    corpus: Corpus
    maps: Mapping[str, NDArray[np.float16]]  # view -> (n, channels, side, side) at the cut


class ContrastStage(Stage):
    """Pairs of an image view and a caption, drawn as the recipe says."""

    def __init__(self, recipe: Recipe, schedule: Schedule, model: Dual, shown: Shown, dev: Shown):
        self.schedule = schedule
        self.recipe, self.model, self.shown, self.dev = recipe, model, shown, dev
        self.epoch_steps = max(1, len(draw_epoch(shown.corpus, recipe, 0)) // schedule.batch)
        self._epoch: tuple[int, list[Example]] = (-1, [])

    def batch(self, step: int) -> list[Example]:
        """The pairs of a step; those left over at the end of an epoch wait for another."""
        epoch, place = divmod(step, self.epoch_steps)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, draw_epoch(self.shown.corpus, self.recipe, epoch))
        start = place * self.schedule.batch
        return self._epoch[1][start : start + self.schedule.batch]

    def text_of(self, example: Example) -> str:
        """The caption in the language drawn."""
        return example.caption if example.language == "en" else self.spanish(example.caption)

    def spanish(self, caption: str) -> str:
        """The wording that the text tower sees."""
        return self.shown.corpus.spanish[caption]

    def pull(self, images: Tensor, texts: Tensor, batch: Sequence[Example]) -> Tensor:
        """The contrastive loss of a batch."""
        owners = torch.tensor([example.row for example in batch])
        return contrast(images, texts, owners, self.model.scale, self.recipe.smoothing)

    def report(self, images: Tensor, texts: Mapping[str, Tensor]) -> dict[str, Any]:
        """R@1/5/10 of each dev dataset and language; texts: those of `Corpus.texts`."""
        gallery = images.numpy()
        found: dict[str, Any] = {"scale": round(self.model.scale.item(), 2)}
        position = {text: row for row, text in enumerate(self.dev.corpus.texts("en"))}
        datasets = sorted({image.dataset for image in self.dev.corpus.images})
        for dataset in datasets:
            rows = [
                row for row, image in enumerate(self.dev.corpus.images) if image.dataset == dataset
            ]
            queries = [
                (place, position[caption])
                for place, row in enumerate(rows)
                for caption in self.dev.corpus.images[row].captions
            ]
            for language, vectors in texts.items():
                asked = vectors.numpy()[[text for _, text in queries]]
                ranks = first_ranks(asked, gallery[rows], [[place] for place, _ in queries])
                shares = recall(ranks).at
                found[f"{dataset} {language}"] = [round(100 * s, 2) for s in shares.values()]
        return found


class HeadsStage(ContrastStage):
    """Only the heads learn, from features and sentence vectors computed once."""

    name = "heads"

    def __init__(
        self,
        recipe: Recipe,
        model: Dual,
        shown: Shown,
        dev: Shown,
        sentences: Mapping[str, Tensor],
        dev_sentences: Mapping[str, Tensor],
    ):
        """`sentences`: language -> (n, width) vectors of `Corpus.texts`."""
        super().__init__(recipe, recipe.heads, model, shown, dev)
        self._features = {view: features(model, maps) for view, maps in shown.maps.items()}
        self._dev_features = features(model, dev.maps["full"])
        self._sentences, self._dev_sentences = sentences, dev_sentences
        self._position = {text: row for row, text in enumerate(shown.corpus.texts("en"))}
        heads = (model.image_head, model.text_head)
        self.fresh = [weight for head in heads for weight in head.parameters()] + [model.log_scale]

    def loss(self, step: int) -> Tensor:
        """As `Stage.loss`."""
        batch = self.batch(step)
        seen = torch.stack([self._features[example.view][example.row] for example in batch])
        read = torch.stack(
            [
                self._sentences[example.language][self._position[example.caption]]
                for example in batch
            ]
        )
        return self.pull(self.model.image_head(seen), self.model.text_head(read), batch)

    def evaluate(self) -> dict[str, Any]:
        """As `Stage.evaluate`."""
        images = self.model.image_head(self._dev_features)
        return self.report(
            images,
            {lang: self.model.text_head(texts) for lang, texts in self._dev_sentences.items()},
        )

    def train(self, mode: bool) -> None:
        """As `Stage.train`."""
        self.model.image_head.train(mode)
        self.model.text_head.train(mode)


class JointStage(ContrastStage):
    """The text tower and the last blocks of the backbone learn with the heads."""

    name = "joint"

    def __init__(
        self,
        recipe: Recipe,
        model: Dual,
        shown: Shown,
        dev: Shown,
        tokenizer: Tokenizer,
        remembered: Mapping[str, Tensor],
    ):
        """`remembered`: English caption -> (width,) unit vector of the teacher, to stay near to."""
        super().__init__(recipe, recipe.joint, model, shown, dev)
        self._tokenizer, self._remembered = tokenizer, remembered
        heads = (model.image_head, model.text_head)
        self.fresh = [weight for head in heads for weight in head.parameters()] + [model.log_scale]
        self.tuned = [*model.text.parameters(), *model.tail.parameters()]

    def loss(self, step: int) -> Tensor:
        """As `Stage.loss`."""
        batch = self.batch(step)
        maps = np.stack([self.shown.maps[example.view][example.row] for example in batch])
        images = self.model.image_head(self.model.pool(torch.from_numpy(maps).float()))
        sentences = functional.normalize(self._read([self.text_of(one) for one in batch]), dim=-1)
        loss = self.pull(images, self.model.text_head(sentences), batch)
        if self.recipe.memory and self._remembered:
            wanted = torch.stack([self._remembered[example.caption] for example in batch])
            loss = loss + self.recipe.memory * (1 - (sentences * wanted).sum(1).mean())
        return loss

    def evaluate(self) -> dict[str, Any]:
        """As `Stage.evaluate`."""
        images = self.model.image_head(features(self.model, self.dev.maps["full"]))
        texts = {
            language: self.model.text_head(
                functional.normalize(self._read(self.dev.corpus.texts(language)), dim=-1)
            )
            for language in self.recipe.languages
        }
        return self.report(images, texts)

    def train(self, mode: bool) -> None:
        """As `Stage.train`."""
        self.model.train(mode)

    def _read(self, texts: Sequence[str]) -> Tensor:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return encode_ids(self.model.text, ids)


def features(model: Dual, maps: NDArray[np.float16]) -> Tensor:
    """(n, features) of all maps, without learning."""
    was = model.tail.training
    model.tail.eval()
    with torch.inference_mode():
        parts = [
            model.pool(torch.from_numpy(np.asarray(maps[start : start + MAPS_A_CALL])).float())
            for start in range(0, len(maps), MAPS_A_CALL)
        ]
    model.tail.train(was)
    return torch.cat(parts).clone()
