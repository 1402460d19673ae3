"""Which Spanish lemma stands for which English one, told from captions and their translations.

Competitive linking: Melamed, Models of Translational Equivalence among Words, 2000.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from mirada.language.analysis import Analysis, analyse
from mirada.language.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Word: TypeAlias = tuple[str, str]  # lemma, kind of word
Pair: TypeAlias = tuple[frozenset[Word], frozenset[Word]]

ROUNDS = 3
TIMES = 4  # that two words must be linked
SURE = 0.4  # share of its uses in which a Spanish word must be linked to the English one
_KINDS = {
    Part.NOUN: "noun",
    Part.ADJECTIVE: "adjective",
    Part.VERB: "verb",
    Part.GERUND: "verb",
    Part.PARTICIPLE: "verb",
}


def aligned(translations: Mapping[str, str]) -> dict[str, str]:
    """Spanish lemma -> English lemma, where one is clearly the other."""
    pairs = [
        (_bag(analyse(english, "en")), _bag(analyse(spanish, "es")))
        for english, spanish in translations.items()
    ]
    uses = Counter(word for _, spanish in pairs for word in spanish)
    links = _links(pairs)
    best: dict[str, tuple[int, str]] = {}
    for (english, spanish), times in sorted(links.items()):
        if times >= TIMES and times >= SURE * uses[spanish]:
            best[spanish[0]] = max(best.get(spanish[0], (0, "")), (times, english[0]))
    return {spanish: english for spanish, (_, english) in sorted(best.items())}


def _bag(analysis: Analysis) -> frozenset[Word]:
    return frozenset(
        (token.lemma, _KINDS[token.part]) for token in analysis.content if token.part in _KINDS
    )


def _links(pairs: Sequence[Pair]) -> Counter[tuple[Word, Word]]:
    """How often two words were the best match of one another in a sentence."""
    scores = _dice(pairs)
    links: Counter[tuple[Word, Word]] = Counter()
    for _ in range(ROUNDS):
        links = Counter(link for pair in pairs for link in _competing(pair, scores))
        met = Counter(link for pair in pairs for link in _possible(pair))
        scores = {link: times / met[link] * scores[link] for link, times in links.items()}
    return links


def _dice(pairs: Sequence[Pair]) -> dict[tuple[Word, Word], float]:
    english = Counter(word for bag, _ in pairs for word in bag)
    spanish = Counter(word for _, bag in pairs for word in bag)
    met = Counter(link for pair in pairs for link in _possible(pair))
    return {
        (one, other): 2 * times / (english[one] + spanish[other])
        for (one, other), times in met.items()
        if times > 1
    }


def _possible(pair: Pair) -> Iterable[tuple[Word, Word]]:
    return ((one, other) for one in pair[0] for other in pair[1] if one[1] == other[1])


def _competing(
    pair: Pair, scores: Mapping[tuple[Word, Word], float]
) -> Iterable[tuple[Word, Word]]:
    """The links of one sentence, best first, no word in two of them."""
    taken: set[tuple[int, Word]] = set()
    ranked = sorted(
        (link for link in _possible(pair) if link in scores),
        key=lambda link: (-scores[link], link),
    )
    for one, other in ranked:
        if (0, one) not in taken and (1, other) not in taken:
            taken |= {(0, one), (1, other)}
            yield one, other
