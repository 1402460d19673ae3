"""The one stage: own pictures and texts are brought together, everything else kept where it was.

Pictures that the former model takes for one another come in one batch, so each is a hard negative
of the others; texts that judges refused for a picture are pushed away from it. Against forgetting
(Li & Hoiem, TPAMI 2018), vectors of the own pictures and of texts on all subjects are held near
those that the former model gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mirada.evaluation.measures import first_ranks, recall
from mirada.training.loop import Group, Stage
from mirada.training.own.batches import neighbour_order
from mirada.training.own.heads import let_move
from mirada.training.towers import kinship, pull

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.training.own.examples import OwnPicture, Said
    from mirada.training.own.recipe import OwnRecipe
    from mirada.training.towers import Dual


@dataclass(frozen=True, slots=True)
class Seen:
    """Pictures ready to be learnt from."""

    pictures: Sequence[OwnPicture]
    views: Tensor  # (n, views, channels): the whole first


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a batch, under one text."""

    row: int
    view: int
    said: Said


class OwnStage(Stage):
    """Both heads learn against features computed once."""

    name = "own"

    def __init__(
        self,
        recipe: OwnRecipe,
        model: Dual,
        sentences: Mapping[str, Tensor],
        learnt: Seen,
        watched: Seen,
        broad: Sequence[str],
    ):
        """Nothing is changed yet, but for what may move.

        Args:
            recipe: the settings.
            model: to go on from.
            sentences: text -> (width,) unit vector of the text tower, of all texts below.
            learnt: pictures to learn from.
            watched: pictures that choose the best epoch.
            broad: texts on all subjects.
        """
        self.recipe, self.schedule, self.patience = recipe, recipe.schedule, recipe.patience
        self.model, self._sentences = model.eval(), sentences
        self._learnt, self._watched = learnt, watched
        self._broad = torch.stack([sentences[text] for text in broad])
        with torch.no_grad():
            count, views, channels = learnt.views.shape
            flat = learnt.views.reshape(count * views, channels)
            self._former = model.image_head(flat).reshape(count, views, -1)
            self._former_broad = model.place_texts(self._broad)
        self._told = np.array([i for i, one in enumerate(learnt.pictures) if one.said], np.int64)
        self._refusing = _refusing(learnt.pictures)
        self.groups = [Group(tuple(let_move(model, recipe)), self.schedule.rate, 0.0)]
        self.epoch_steps = max(1, -(-len(self._told) // self.schedule.batch))
        self._epoch: tuple[int, list[Shown]] = (-1, [])

    def loss(self, step: int) -> Tensor:
        """As `Stage.loss`."""
        batch = self._batch(step)
        rows = torch.tensor([one.row for one in batch])
        views = torch.tensor([one.view for one in batch])
        images = self.model.image_head(self._learnt.views[rows, views])
        texts = self._place([one.said.text for one in batch])
        pictures = [self._learnt.pictures[one.row] for one in batch]
        apart = torch.from_numpy(no_negatives(pictures, [one.said for one in batch]))
        said = torch.stack([self._sentences[one.said.text] for one in batch])
        kin = kinship(said, self.recipe.kin, self.recipe.kin_temperature)
        pulled = pull(self.model.scale * images @ texts.T, apart, self.recipe.smoothing, kin)
        stayed = 1 - (images * self._former[rows, views]).sum(1).mean()
        some = torch.randperm(len(self._broad))[: self.recipe.broad]
        kept = self.model.place_texts(self._broad[some])
        stayed = stayed + 1 - (kept * self._former_broad[some]).sum(1).mean()
        return pulled + self._push(batch, images, texts) + self.recipe.near * stayed

    def evaluate(self) -> dict[str, Any]:
        """R@1/5/10 and mean reciprocal rank of the watched texts among the watched pictures."""
        return figures(self.ranks(self._watched))

    def ranks(self, seen: Seen) -> NDArray[np.int64]:
        """The rank, from 1, of its picture for each text."""
        texts = [said.text for one in seen.pictures for said in one.said]
        gallery = self.model.image_head(seen.views[:, 0]).detach().numpy()
        return first_ranks(self._place(texts).detach().numpy(), gallery, fitting(seen.pictures))

    def score(self, figures: Mapping[str, Any]) -> float:
        """The mean reciprocal rank: steadier than R@10 with few pictures."""
        return float(figures["RR"])

    def train(self, mode: bool) -> None:
        """As `Stage.train`; the towers are not used."""
        self.model.image_head.train(mode)
        self.model.text_head.train(mode)

    def _place(self, texts: Sequence[str]) -> Tensor:
        return self.model.place_texts(torch.stack([self._sentences[text] for text in texts]))

    def _push(self, batch: Sequence[Shown], images: Tensor, texts: Tensor) -> Tensor:
        """How far pictures that were refused for a text of the batch are ahead of its own."""
        pairs = [
            (place, other)
            for place, one in enumerate(batch)
            for other in self._refusing.get(one.said.text, ())
        ]
        if not pairs:
            return images.new_zeros(())
        places, others = (torch.tensor(one) for one in zip(*pairs, strict=True))
        refused = self.model.image_head(self._learnt.views[others, 0])
        ahead = (texts[places] * (refused - images[places])).sum(1)
        return functional.softplus(self.model.scale * ahead).mean()

    def _batch(self, step: int) -> list[Shown]:
        epoch, place = divmod(step, self.epoch_steps)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._draw(epoch))
        start = place * self.schedule.batch
        return self._epoch[1][start : start + self.schedule.batch]

    def _draw(self, epoch: int) -> list[Shown]:
        """Every picture with a text once, beside those most like it."""
        random = np.random.default_rng([self.recipe.seed, epoch])
        vectors = self._former[self._told, 0].numpy()
        order = self._told[neighbour_order(vectors, self.recipe.group, random)]
        return [self._show(int(row), random) for row in order]

    def _show(self, row: int, random: np.random.Generator) -> Shown:
        said = self._learnt.pictures[row].said
        views = self._learnt.views.shape[1]
        whole = views == 1 or random.random() < self.recipe.whole
        view = 0 if whole else int(random.integers(1, views))
        return Shown(row, view, said[random.integers(len(said))])


def no_negatives(pictures: Sequence[OwnPicture], said: Sequence[Said]) -> NDArray[np.bool_]:
    """(n, n) whether text j fits picture i, though it is another's; never on the diagonal."""
    found = np.array([[fits(one, text) for text in said] for one in pictures], bool)
    np.fill_diagonal(found, val=False)
    return found


def fits(picture: OwnPicture, said: Said) -> bool:
    """Whether somebody said it of the picture, or the picture has all the tags that it names."""
    if said.tags:
        return said.tags <= picture.tags
    return any(said.text == one.text for one in picture.said)


def fitting(pictures: Sequence[OwnPicture]) -> list[list[int]]:
    """For each text of each picture, in order, the rows of all pictures that it fits."""
    owners: dict[str, list[int]] = {}
    for row, picture in enumerate(pictures):
        for one in picture.said:
            owners.setdefault(one.text, []).append(row)
    return [
        [row for row, other in enumerate(pictures) if fits(other, said)]
        if said.tags
        else owners[said.text]
        for picture in pictures
        for said in picture.said
    ]


def figures(ranks: NDArray[np.int64]) -> dict[str, Any]:
    """In percent, to be read in a log."""
    at = recall(ranks).at
    found: dict[str, Any] = {f"R@{cut}": round(100 * share, 2) for cut, share in at.items()}
    return found | {"RR": round(100 * float((1 / ranks).mean()), 2)}


def _refusing(pictures: Sequence[OwnPicture]) -> dict[str, list[int]]:
    """Text -> rows of the pictures that judges refused for it."""
    found: dict[str, list[int]] = {}
    for row, one in enumerate(pictures):
        for text in sorted(one.unfit):
            found.setdefault(text, []).append(row)
    return found
