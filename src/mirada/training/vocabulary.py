"""Word pieces of the text tower: the teacher's common English ones and learnt ones of others.

Devlin et al., BERT, NAACL 2019 (word pieces, lower case, accents stripped).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from torch import Tensor

from mirada.training import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.training.recipe import Vocabulary

UNKNOWN = "[UNK]"
MARKS = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]")
FIRST_WORD = 1996  # in MiniLM's vocabulary, below it are marks and single characters
LEXICON_END = 15000  # its words are sorted by frequency: the lexicon takes those before this


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the lexicon with its translation, if there is a good one."""

    english: str
    spanish: str | None


def lexicon(teacher: Tokenizer, languages: Sequence[str]) -> list[Word]:
    """The common words of the teacher, so that the student knows more than its captions."""
    by_id = sorted(teacher.get_vocab().items(), key=lambda entry: entry[1])
    words = [
        word
        for word, index in by_id
        if FIRST_WORD <= index < LEXICON_END and word.isascii() and word.isalpha() and len(word) > 2
    ]
    if "es" not in languages:
        return [Word(word, None) for word in words]
    return list(map(Word, words, translate.words(words, "eng-spa")))


def build(
    english: Sequence[str],
    foreign: Sequence[str],
    sizes: Vocabulary,
    *,
    length: int,
    teacher: Tokenizer | None = None,
) -> Tokenizer:
    """A tokenizer for captions; with a teacher, its pieces come first.

    Args:
        english: captions, and nothing else of English, whose pieces must be known.
        foreign: texts of other languages to learn pieces from.
        sizes: how many pieces.
        length: pieces a text with its marks; the rest is cut.
        teacher: whose pieces to keep; None learns all pieces from the texts.
    """
    kept = [] if teacher is None else _common(teacher, english, sizes.frequent)
    learnt = _learn([*foreign] if teacher is not None else [*english, *foreign], sizes.learnt)
    known = {*MARKS, *kept}
    pieces = [*MARKS, *kept, *(piece for piece in learnt if piece not in known)]
    return _tokenizer(pieces, length)


def rows_for(pieces: Sequence[str], teacher: Tokenizer, table: Tensor) -> Tensor:
    """(len(pieces), width) embeddings to start from.

    They are the teacher's own, else those of the English translation, else those of the letters,
    drawn to the mean.
    """
    known = teacher.get_vocab()
    whole = [piece for piece in pieces if piece not in known and not piece.startswith("##")]
    english = dict(zip(whole, translate.words(whole, "spa-eng"), strict=True)) if whole else {}
    middle = table[FIRST_WORD:].mean(0)
    return torch.stack([_row(piece, known, english, teacher, table, middle) for piece in pieces])


def _row(
    piece: str,
    known: Mapping[str, int],
    english: Mapping[str, str | None],
    teacher: Tokenizer,
    table: Tensor,
    middle: Tensor,
) -> Tensor:
    if piece in known:
        return table[known[piece]]
    meaning = english.get(piece)
    ids = teacher.encode(meaning or piece.replace("##", ""), add_special_tokens=False).ids
    mean = table[ids].mean(0)
    return mean if meaning else (mean + middle) / 2


def _common(teacher: Tokenizer, captions: Sequence[str], frequent: int) -> list[str]:
    """Pieces of the teacher that captions use, and its most frequent ones."""
    vocabulary = teacher.get_vocab()
    uses = Counter(
        piece for encoding in teacher.encode_batch(list(captions)) for piece in set(encoding.tokens)
    )
    kept = {piece for piece, count in uses.items() if count >= 2 and piece in vocabulary}
    for piece, index in vocabulary.items():
        bare = piece.removeprefix("##")
        if piece.isascii() and (index < FIRST_WORD + frequent or len(bare) == 1):
            kept.add(piece)
    by_id = sorted(kept, key=vocabulary.__getitem__)
    return [piece for piece in by_id if not (piece.startswith("[") and piece.endswith("]"))]


def _learn(texts: Sequence[str], size: int) -> list[str]:
    if not texts:
        return []
    tokenizer = _bare(models.WordPiece(unk_token=UNKNOWN))
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    pieces = tokenizer.get_vocab()  # its numbers differ from run to run, so they are not kept
    return sorted(piece for piece in pieces if piece.isascii() and not piece.startswith("["))


def _tokenizer(pieces: Sequence[str], length: int) -> Tokenizer:
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = _bare(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=40))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(length)
    return tokenizer


def _bare(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
