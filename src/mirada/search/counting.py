"""How likely it is that an image shows so many of a thing, from what each region may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.extents import area, shared

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST: Final = 25  # regions that are counted
_COUNT: Final = re.compile(r"(<=|>=|<|>|=)?\s*(\d{1,9})")


def chance_of_count(
    count: str,
    chances: NDArray[np.float64],
    boxes: NDArray[np.float64],
    *,
    overlap: float,
    least: float,
) -> NDArray[np.float64]:
    """(images,) probability in [0, 1] that the count holds of regions taken for independent.

    Regions over the same thing are counted once. How many of the rest show the thing follows the
    Poisson-binomial distribution; the other phrases of the query play no part.

    Args:
        count: "2", ">=3", "<=2", ">3" or "<2".
        chances: (images, regions) probability that each shows the thing; 0 where there is none.
        boxes: (images, regions, 4).
        overlap: IoU above which the less likely of two regions shows the same thing.
        least: probability below which a region is not counted.

    Raises:
        ValueError: a count of another form.
    """
    met = _COUNT.fullmatch(count.strip())
    if met is None:
        raise ValueError(f"no count: {count!r}")
    sums = count_distribution(distinct(chances, boxes, overlap=overlap, least=least))
    numbers, wanted = np.arange(sums.shape[1]), int(met[2])
    holds = {
        "<=": numbers <= wanted,
        "<": numbers < wanted,
        ">=": numbers >= wanted,
        ">": numbers > wanted,
    }.get(met[1], numbers == wanted)
    return np.asarray(sums[:, holds].sum(1))


def distinct(
    chances: NDArray[np.float64], boxes: NDArray[np.float64], *, overlap: float, least: float
) -> NDArray[np.float64]:
    """(images, up to MOST) chances by falling size, 0 for regions that a likelier one overlaps.

    Greedy non-maximum suppression, rank by rank over all images at once.
    """
    order = np.argsort(-chances, axis=1, kind="stable")[:, :MOST]
    ranked = np.take_along_axis(chances, order, 1)
    placed = np.take_along_axis(boxes, order[..., None], 1)
    same = _iou(placed[:, :, None], placed[:, None, :]) > overlap
    alive = ranked >= least
    for rank in range(ranked.shape[1]):
        alive[:, rank + 1 :] &= ~(same[:, rank, rank + 1 :] & alive[:, rank, None])
    return np.where(alive, ranked, 0.0)


def count_distribution(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(images, n + 1) probability that 0 ... n of n independent events (images, n) happen."""
    sums = np.zeros((len(chances), chances.shape[1] + 1))
    sums[:, 0] = 1.0
    for one in chances.T:
        happens = one[:, None]
        sums[:, 1:] = sums[:, 1:] * (1 - happens) + sums[:, :-1] * happens
        sums[:, :1] *= 1 - happens
    return sums


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    both = shared(a, b, 0) * shared(a, b, 1)
    return np.asarray(both / (area(a) + area(b) - both))
