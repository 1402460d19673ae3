"""How near captions come to those that people wrote: CIDEr-D, BLEU-4 and METEOR, without Java.

CIDEr-D and BLEU are those of pycocoevalcap; METEOR is nltk's, with exact and stem matches only,
so it is lower than the published one, which knows synonyms. No kept library computes SPICE
without Java's parser. Words are cut by nltk's Penn Treebank rules, punctuation left out, as the
Java tokenizer of the COCO evaluation does, alike for all systems.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.evaluation.significance import FEWER, paired_bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.significance import Interval

PUNCTUATION: Final = frozenset(
    [
        "''",
        "'",
        "``",
        "`",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ".",
        "?",
        "!",
        ",",
        ":",
        "-",
        "--",
        "...",
        ";",
    ]
)
"""What the COCO evaluation leaves out."""

STEMMERS: Final = {"en": "porter", "es": "spanish"}


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one system over all images, in points (shares times 100)."""

    cider_d: float
    bleu_4: float
    meteor: float  # exact and stem matches
    missing: int  # images without a caption: they count as empty ones
    words: float  # mean length


@dataclass(frozen=True, slots=True)
class CaptionReport:
    """Several systems on the same images."""

    images: int
    language: str
    systems: Mapping[str, Quality]
    gain: Interval | None  # CIDEr-D of the first system over the second, in points


def evaluate_captions(
    references: Sequence[Sequence[str]],
    systems: Mapping[str, Sequence[str | None]],
    *,
    language: str = "en",
    seed: int = 0,
) -> CaptionReport:
    """Compare systems image by image.

    Args:
        references: what people wrote about each image.
        systems: name -> its caption of each image, None where it has none; the first is compared
            with the second.
        language: of all texts.
        seed: of the bootstrap.

    Raises:
        ModelUnavailable: the extra is not installed.
    """
    cut = _tokenizer()
    wanted = {row: [cut(text) for text in texts] for row, texts in enumerate(references)}
    found, each = {}, {}
    for name, texts in systems.items():
        said = {row: [cut(text or "")] for row, text in enumerate(texts)}
        each[name] = _cider(wanted, said)
        found[name] = Quality(
            cider_d=100 * float(each[name].mean()),
            bleu_4=100 * _bleu(wanted, said),
            meteor=100 * _meteor(wanted, said, language),
            missing=sum(text is None for text in texts),
            words=float(np.mean([len(one.split()) for (one,) in said.values()])),
        )
    first, *others = each
    gain = None
    if others:
        gain = paired_bootstrap(each[first], each[others[0]], rounds=FEWER, seed=seed).times(100)
    return CaptionReport(len(references), language, found, gain)


def template(tags: Sequence[str]) -> str | None:
    """An English sentence with the first two tags: what captions must beat."""
    return f"a photo of a {' and a '.join(tags[:2])}" if tags else None


def _tokenizer() -> Any:
    try:
        from nltk.tokenize import TreebankWordTokenizer  # noqa: PLC0415 an extra
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    treebank = TreebankWordTokenizer()

    def cut(text: str) -> str:
        words = treebank.tokenize(text.lower())
        return " ".join(word for word in words if word not in PUNCTUATION)

    return cut


def _cider(wanted: Mapping[int, list[str]], said: Mapping[int, list[str]]) -> NDArray[np.float64]:
    """(images,) CIDEr-D (Vedantam et al., CVPR 2015); rarity is that of these references."""
    try:
        from pycocoevalcap.cider.cider import Cider  # noqa: PLC0415 an extra
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    _, each = Cider().compute_score(wanted, said)
    return np.asarray(each, np.float64)


def _bleu(wanted: Mapping[int, list[str]], said: Mapping[int, list[str]]) -> float:
    """BLEU-4 of all images together (Papineni et al., ACL 2002)."""
    from pycocoevalcap.bleu.bleu import Bleu  # noqa: PLC0415

    with contextlib.redirect_stdout(io.StringIO()):  # it prints
        scores, _ = Bleu(4).compute_score(wanted, said, verbose=0)
    return float(scores[3])


def _meteor(wanted: Mapping[int, list[str]], said: Mapping[int, list[str]], language: str) -> float:
    """Mean METEOR (Banerjee & Lavie, ACL 2005 workshop) without synonyms."""
    from nltk.stem import SnowballStemmer  # noqa: PLC0415
    from nltk.translate.meteor_score import meteor_score  # noqa: PLC0415

    stemmer = SnowballStemmer(STEMMERS[language])
    scores = [
        meteor_score(
            [text.split() for text in wanted[row]],
            said[row][0].split(),
            stemmer=stemmer,
            wordnet=_NoSynonyms(),
        )
        for row in wanted
    ]
    return float(np.mean(scores))


class _NoSynonyms:
    """Stands for WordNet, whose data would have to be downloaded."""

    def synsets(self, word: str) -> list[object]:  # noqa: ARG002 the shape that nltk asks for
        """Of any word: none."""
        return []


def _missing(error: ModuleNotFoundError) -> ModelUnavailable:
    return ModelUnavailable(f"{error.name} is missing: pip install 'mirada[eval]'")
