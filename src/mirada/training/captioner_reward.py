"""What a caption is worth to the reward stage: CIDEr-D against what people wrote.

Vedantam, Zitnick & Parikh, CVPR 2015. The rarity of words is that of the training captions, and
everything about them is computed once.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mirada.training.captioner_text import END, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Gram: TypeAlias = tuple[str, ...]

ORDERS: Final = 4  # n-grams of one to four words
SIGMA: Final = 6.0  # of the Gaussian by which a difference in length is punished
TOP: Final = 10.0  # score of a text that all references share


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text as CIDEr-D sees it."""

    weights: Mapping[Gram, float]  # frequency times rarity
    norms: tuple[float, ...]  # of the n-grams of each order
    length: int  # its pairs of words


class CiderD:
    """Scores texts against references, with the rarity of n-grams in all references."""

    def __init__(self, references: Sequence[Sequence[Sequence[str]]]) -> None:
        """Count in how many images each n-gram is said.

        Args:
            references: for each image its texts, each as words.
        """
        self._images: Counter[Gram] = Counter()
        for texts in references:
            self._images.update({gram for text in texts for gram in _grams(text)})
        self._all = math.log(max(1, len(references)))

    def weigh(self, words: Sequence[str]) -> Weighed:
        """A text, to be scored or to be compared with."""
        counts = Counter(_grams(words))
        weights = {gram: count * self._rarity(gram) for gram, count in counts.items()}
        squares = [0.0] * ORDERS
        for gram, weight in weights.items():
            squares[len(gram) - 1] += weight * weight
        return Weighed(weights, tuple(map(math.sqrt, squares)), max(0, len(words) - 1))

    def score(self, text: Weighed, references: Sequence[Weighed]) -> float:
        """How near the text comes to the references of its image, in [0, 10]."""
        return TOP * sum(_likeness(text, one) for one in references) / max(1, len(references))

    def _rarity(self, gram: Gram) -> float:
        return self._all - math.log(max(1, self._images[gram]))


def spoken(text: str, *, ended: bool = True) -> list[str]:
    """The words of a text, with a last one that says it is ended.

    Without that one, a text that breaks off ("a man in a") would be worth as much as a whole one.
    """
    words = plain(text).replace(",", " ").replace("'s", " 's").split()
    return [*words, END] if ended else words


def _grams(words: Sequence[str]) -> Iterator[Gram]:
    for order in range(1, ORDERS + 1):
        for start in range(len(words) - order + 1):
            yield tuple(words[start : start + order])


def _likeness(text: Weighed, reference: Weighed) -> float:
    """Mean cosine over the orders, repeats clipped, in [0, 1]."""
    products = [0.0] * ORDERS
    known = reference.weights
    for gram, weight in text.weights.items():
        theirs = known.get(gram)
        if theirs is not None:
            products[len(gram) - 1] += min(weight, theirs) * theirs
    cosines = (
        product / (ours * theirs)
        for product, ours, theirs in zip(products, text.norms, reference.norms, strict=True)
        if ours and theirs
    )
    apart = text.length - reference.length
    return sum(cosines) / ORDERS * math.exp(-(apart**2) / (2 * SIGMA**2))
