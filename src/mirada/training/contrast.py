"""The stages that bring images and texts together, each cheap by leaving something still.

In `heads` both heads and the text tower learn against features of the backbone computed once; in
`tail` the heads and the last blocks of the backbone, against sentence vectors computed once; in
`joint` all of them; in `settle` the heads alone, for long, against labels that know which captions
say nearly the same.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.evaluation.measures import first_ranks, recall
from mirada.training.corpus import draw_epoch
from mirada.training.distil import text_groups
from mirada.training.loop import Group, Stage
from mirada.training.text import encode_ids
from mirada.training.towers import contrast, kinship

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


@dataclass(frozen=True, slots=True)
class Learner:
    """The towers with what their text side needs."""

    model: Dual
    tokenizer: Tokenizer
    remembered: Mapping[str, Tensor]  # English caption -> (width,) the teacher's unit vector

    def read(self, texts: Sequence[str]) -> Tensor:
        """(n, width) unit sentence vectors."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        return functional.normalize(encode_ids(self.model.text, ids), dim=-1)


class ContrastStage(Stage):
    """Pairs of an image view and a caption, drawn as the recipe says."""

    def __init__(
        self, recipe: Recipe, schedule: Schedule, learner: Learner, shown: Shown, dev: Shown
    ):
        self.schedule = schedule
        self.recipe, self.learner, self.model = recipe, learner, learner.model
        self.shown, self.dev = shown, dev
        self.epoch_steps = max(1, len(draw_epoch(shown.corpus, recipe, 0)) // schedule.batch)
        self._epoch: tuple[int, list[Example]] = (-1, [])
        self.model.text.set_dropout(recipe.tower_dropout)
        heads = [*self.model.image_head.parameters(), *self.model.text_head.parameters()]
        self.groups = [Group((*heads, self.model.log_scale), schedule.rate, recipe.head_decay)]

    @abstractmethod
    def features(self, batch: Sequence[Example]) -> Tensor:
        """(n, features) of the views that a batch shows."""

    @abstractmethod
    def dev_features(self) -> Tensor:
        """(n, features) of the whole dev images."""

    def loss(self, step: int) -> Tensor:
        """As `Stage.loss`."""
        batch = self._batch(step)
        images = self.model.image_head(self.features(batch))
        sentences = self.sentences([self._text_of(example) for example in batch])
        texts = self.model.place_texts(sentences)
        owners = torch.tensor([example.row for example in batch])
        pulled = contrast(
            images, texts, owners, self.model.scale, self.recipe.smoothing, self.kin(batch)
        )
        if not self.learner.remembered:
            return pulled
        wanted = torch.stack([self.learner.remembered[example.caption] for example in batch])
        return pulled + self.recipe.memory * (1 - (sentences * wanted).sum(1).mean())

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """(n, width) unit sentence vectors of what a batch says."""
        return self.learner.read(texts)

    def kin(self, batch: Sequence[Example]) -> Tensor | None:  # noqa: ARG002 for stages that override
        """(n, n) shares of the labels that go to other captions of a batch, as in `contrast`."""
        return None

    def evaluate(self) -> dict[str, Any]:
        """R@1/5/10 of each dev dataset and language: one caption an image, whole galleries."""
        gallery = self.model.image_head(self.dev_features()).numpy()
        images = self.dev.corpus.images
        asked = [image.captions[row % len(image.captions)] for row, image in enumerate(images)]
        found: dict[str, Any] = {"factor": round(self.model.scale.item(), 2)}
        for language in self.recipe.languages:
            texts = asked if language == "en" else [self.dev.corpus.spanish[one] for one in asked]
            queries = self.model.place_texts(self.sentences(texts)).numpy()
            for dataset in sorted({image.dataset for image in images}):
                rows = [row for row, image in enumerate(images) if image.dataset == dataset]
                ranks = first_ranks(queries[rows], gallery[rows], [[i] for i in range(len(rows))])
                shares = recall(ranks).at.values()
                found[f"{dataset} {language}"] = [round(100 * share, 2) for share in shares]
        return found

    def score(self, figures: Mapping[str, Any]) -> float:
        """Mean R@1, R@5 and R@10 over dev datasets and languages: steadier than R@10 alone."""
        return float(np.mean([value for value in figures.values() if isinstance(value, list)]))

    def train(self, mode: bool) -> None:
        """As `Stage.train`."""
        self.model.train(mode)

    def _batch(self, step: int) -> list[Example]:
        """The pairs of a step; those left over at the end of an epoch wait for another."""
        epoch, place = divmod(step, self.epoch_steps)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, draw_epoch(self.shown.corpus, self.recipe, epoch))
        start = place * self.schedule.batch
        return self._epoch[1][start : start + self.schedule.batch]

    def _text_of(self, example: Example) -> str:
        english = example.language == "en"
        return example.caption if english else self.shown.corpus.spanish[example.caption]


class HeadsStage(ContrastStage):
    """The backbone stays as it is: its features are computed once."""

    name = "heads"

    def __init__(self, recipe: Recipe, learner: Learner, shown: Shown, dev: Shown):
        super().__init__(recipe, recipe.heads, learner, shown, dev)
        self.groups = [*self.groups, *text_groups(self.model.text, recipe, recipe.heads)]

    def features(self, batch: Sequence[Example]) -> Tensor:
        """As `ContrastStage.features`."""
        return torch.stack([self._computed[example.view][example.row] for example in batch])

    def dev_features(self) -> Tensor:
        """As `ContrastStage.dev_features`."""
        return self._dev_computed

    @cached_property
    def _computed(self) -> dict[str, Tensor]:
        return {view: pooled(self.model, maps) for view, maps in self.shown.maps.items()}

    @cached_property
    def _dev_computed(self) -> Tensor:
        return pooled(self.model, self.dev.maps["full"])


class TailStage(ContrastStage):
    """The blocks from the cut on learn; the text tower stays as it is."""

    name = "tail"

    def __init__(self, recipe: Recipe, learner: Learner, shown: Shown, dev: Shown):
        super().__init__(recipe, recipe.tail, learner, shown, dev)
        self.groups = [*self.groups, tail_group(self.model, recipe, recipe.tail)]
        self._read = Remembering(learner)

    def features(self, batch: Sequence[Example]) -> Tensor:
        """As `ContrastStage.features`."""
        return through_tail(self.model, self.shown, batch)

    def dev_features(self) -> Tensor:
        """As `ContrastStage.dev_features`."""
        return pooled(self.model, self.dev.maps["full"])

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """As `ContrastStage.sentences`; each text is read once in the whole stage."""
        return self._read(texts)

    def train(self, mode: bool) -> None:
        """As `Stage.train`; without dropout in the text tower, whose vectors are kept."""
        self.model.train(mode)
        self.model.text.eval()


class JointStage(ContrastStage):
    """The blocks from the cut on and the text tower learn together."""

    name = "joint"

    def __init__(self, recipe: Recipe, learner: Learner, shown: Shown, dev: Shown):
        super().__init__(recipe, recipe.joint, learner, shown, dev)
        self.groups = [
            *self.groups,
            *text_groups(self.model.text, recipe, recipe.joint),
            tail_group(self.model, recipe, recipe.joint),
        ]

    def features(self, batch: Sequence[Example]) -> Tensor:
        """As `ContrastStage.features`."""
        return through_tail(self.model, self.shown, batch)

    def dev_features(self) -> Tensor:
        """As `ContrastStage.dev_features`."""
        return pooled(self.model, self.dev.maps["full"])


class SettleStage(HeadsStage):
    """Both towers stay as they are; the heads alone learn, from labels softened by kinship."""

    name = "settle"

    def __init__(self, recipe: Recipe, learner: Learner, shown: Shown, dev: Shown):
        ContrastStage.__init__(self, recipe, recipe.settle, learner, shown, dev)
        self._read = Remembering(learner)

    def sentences(self, texts: Sequence[str]) -> Tensor:
        """As `ContrastStage.sentences`; each text is read once in the whole stage."""
        return self._read(texts)

    def kin(self, batch: Sequence[Example]) -> Tensor:
        """As `ContrastStage.kin`: by the sentence vectors of the English captions."""
        said = self._read([example.caption for example in batch])
        return kinship(said, self.recipe.kin, self.recipe.kin_temperature)

    def train(self, mode: bool) -> None:
        """As `Stage.train`; without dropout in the text tower, whose vectors are kept."""
        self.model.train(mode)
        self.model.text.eval()


class Remembering:
    """Sentence vectors of a text tower that stays as it is: each text is read once."""

    def __init__(self, learner: Learner):
        self._learner = learner
        self._known: dict[str, Tensor] = {}

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(n, width) unit rows."""
        missing = sorted({text for text in texts if text not in self._known})
        if missing:
            with torch.no_grad():
                self._known |= dict(zip(missing, self._learner.read(missing), strict=True))
        return torch.stack([self._known[text] for text in texts])


def tail_group(model: Dual, recipe: Recipe, schedule: Schedule) -> Group:
    """The weights of the last blocks, but for the filters of single channels.

    Those hold 2% of the weights, and learning them would take half the time of a step.
    """
    named = list(model.tail.named_parameters())
    filters = [weight for name, weight in named if ".depthwise." in name]
    for weight in filters:
        weight.requires_grad_(False)
    weights = tuple(weight for weight in model.tail.parameters() if weight.requires_grad)
    return Group(weights, schedule.tail_rate, recipe.tower_decay, clipped=True)


def through_tail(model: Dual, shown: Shown, batch: Sequence[Example]) -> Tensor:
    """(n, features) of the views that a batch shows, to be learnt through."""
    maps = np.stack([shown.maps[example.view][example.row] for example in batch])
    return _pool(model, maps)


def _pool(model: Dual, maps: NDArray[np.float16]) -> Tensor:
    wide = torch.from_numpy(maps).float().contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=halves()):
        return model.pool(wide)


def halves() -> bool:
    """Whether this processor multiplies bfloat16 itself: the tail then takes half the time."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())


def pooled(model: Dual, maps: NDArray[np.float16]) -> Tensor:
    """(n, features) of all maps, without learning."""
    with torch.no_grad():
        parts = [
            _pool(model, np.array(maps[start : start + MAPS_A_CALL]))
            for start in range(0, len(maps), MAPS_A_CALL)
        ]
    return torch.cat(parts)
