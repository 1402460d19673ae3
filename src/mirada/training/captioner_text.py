"""The texts that the captioner learns: plain form, word pieces, phrases for boxes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from mirada.training.captioner_recipe import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

PADDING, END = "<pad>", "<end>"
ALPHABET = 60  # characters that get a piece of their own: letters with accents, digits, marks

_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|,")
_ARTICLES = {"a", "an", "the", "his", "her", "their", "its", "another", "this", "that"}
_SPOKEN_AN = re.compile(r"[aeiou](?!ni|se|rb)")
ADJECTIVE_SEEN = 3  # times between an article and a noun that make a word an adjective
MOST_ADJECTIVES = 4
COUNTED = 0.3  # times that a noun follows "a" for each "the" that make it one that is counted
VAGUE = {"object", "clothes", "way", "other", "one", "scene", "area", "side", "back", "front"}
"""Labels that say nothing of what a box shows."""
_COMPARING = {"same", "other", "own", "second", "third", "opposite", "left", "right", "has", "says"}
"""Words between article and noun that say nothing of the thing itself."""


def plain(text: str) -> str:
    """Lower case, words and commas only, single spaces."""
    words = " ".join(_WORDS.findall(text.lower().replace("’", "'")))
    return words.replace(" ,", ",").strip(", ")


def mark(language: str, kind: str) -> str:
    """The piece that a text begins with; it says what kind of text is wanted."""
    return f"<{language}-{kind}>"


def marks(languages: Sequence[str]) -> list[str]:
    """Every mark, in order."""
    return [mark(language, kind) for language in languages for kind in KINDS]


def learn_pieces(texts: Iterable[str], languages: Sequence[str], count: int) -> Tokenizer:
    """Byte-pair encoding (Sennrich et al., ACL 2016) of plain texts in all languages together."""
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=count,
        special_tokens=[PADDING, END, *marks(languages)],
        limit_alphabet=ALPHABET,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Phrases:
    """Finds in captions the noun phrase that names a labelled box, such as "a pink dress"."""

    def __init__(self, labelled: Iterable[tuple[Sequence[str], AbstractSet[str]]]) -> None:
        """Learn which words are adjectives, and which nouns are counted.

        Args:
            labelled: captions and labels of each image.
        """
        between: Counter[str] = Counter()
        after: Counter[tuple[str, str]] = Counter()
        for captions, labels in labelled:
            for words in map(_split, captions):
                for place, word in enumerate(words):
                    if word in labels and place > 0:
                        after[words[place - 1], word] += 1
                        if place > 1 and words[place - 2] in _ARTICLES:
                            between[words[place - 1]] += 1
        self._adjectives = {
            word
            for word, count in between.items()
            if count >= ADJECTIVE_SEEN and word not in _ARTICLES | _COMPARING | {","}
        }
        self._counted = {
            word
            for _, word in after
            if after["a", word] + after["an", word] > COUNTED * after["the", word]
        }

    def of(self, label: str, captions: Sequence[str]) -> list[str]:
        """Different phrases about one thing of that label, without a count, in caption order."""
        if label in VAGUE:
            return []
        found: dict[str, None] = {}
        for words in map(_split, captions):
            for place, word in enumerate(words):
                if word == label:
                    found.setdefault(self._around(words, place))
        return list(found)

    def _around(self, words: Sequence[str], place: int) -> str:
        first = place
        while first > 0 and place - first < MOST_ADJECTIVES:
            if words[first - 1] in self._adjectives:
                first -= 1
            elif place > first > 1 and self._joins(words[first - 2 : first]):
                first -= 2  # "a brown and white dog"
            else:
                break
        phrase = " ".join(words[first : place + 1])
        return f"{_article(phrase)} {phrase}" if words[place] in self._counted else phrase

    def _joins(self, words: Sequence[str]) -> bool:
        return words[0] in self._adjectives and words[1] == "and"


def _article(phrase: str) -> str:
    return "an" if _SPOKEN_AN.match(phrase) else "a"


def _split(caption: str) -> list[str]:
    return plain(caption).replace(",", " ,").split()


def piece_of(tokenizer: Tokenizer, mark: str) -> int:
    """The id of a piece that must be there."""
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise ValueError(f"the tokenizer knows no {mark}: was it made for other languages?")
    return found


def encode(tokenizer: Tokenizer, texts: Iterable[str]) -> Mapping[str, list[int]]:
    """The word pieces of each text, with the end but without the mark."""
    listed = list(texts)
    end = piece_of(tokenizer, END)
    found = tokenizer.encode_batch([plain(text) for text in listed], add_special_tokens=False)
    return {text: [*one.ids, end] for text, one in zip(listed, found, strict=True)}
