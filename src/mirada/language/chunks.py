"""Groups the words of a text: things with their attributes, acts, links between them, and stops.

Abney, Parsing by Chunks, 1991: what belongs together is found first, what hangs on what later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.tables import relations, words_of
from mirada.language.words import lexicon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.language.analysis import Analysis, Token

_JOINING: Final = frozenset(
    ("and", "or", "&", ",", "/", "nor", "but", "y", "e", "o", "u", "ni", "pero", "+")
)
_WHO: Final = frozenset(("who", "which", "that", "que", "quien", "quienes"))
_NEGATIVE: Final = frozenset(("no", "without", "sin", "ningún", "ninguno", "ninguna"))
_BE: Final = frozenset(("be", "ser", "estar"))
_HAVE: Final = frozenset(("have", "haber"))
_ACTS: Final = (Part.VERB, Part.GERUND, Part.PARTICIPLE)
_SPANISH_ENDINGS: Final = (("as", "o"), ("os", "o"), ("a", "o"))


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun with what stands before it (in Spanish also after)."""

    head: str  # lemma of what it is: "racket" of "two red tennis rackets"
    names: tuple[str, ...]  # "tennis racket", "racket"
    attributes: tuple[str, ...] = ()  # lemmas of adjectives: "red"
    doing: tuple[str, ...] = ()  # lemmas of verbs before it: "sleep" of "a sleeping cat"
    count: str | None = None  # as written: "two"
    negated: bool = False
    start: int = 0  # its place among the tokens
    end: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """A verb with its auxiliaries."""

    lemma: str
    finite: bool
    passive: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """An adjective that is said of the subject: "the car is red"."""

    lemma: str


@dataclass(frozen=True, slots=True)
class Link:
    """A preposition, as the relation it stands for, else as its own lemma."""

    relation: str
    negated: bool


class Stop(Enum):
    """What ends or joins."""

    AND = auto()
    WHO = auto()
    END = auto()


Chunk: TypeAlias = Thing | Act | Quality | Link | Stop


def chunks(analysis: Analysis) -> list[Chunk]:
    """The chunks of a text in order."""
    return _Chunker(analysis).run()


def affirmed(analysis: Analysis) -> list[Token]:
    """The words that say something of an image, without what it is said to lack."""
    denied: set[int] = set()
    before: Chunk | None = None
    for chunk in chunks(analysis):
        linked = isinstance(before, Link) and before.negated
        if isinstance(chunk, Thing) and (chunk.negated or linked):
            denied.update(range(chunk.start, chunk.end))
        before = chunk
    content = set(analysis.content)
    return [
        token for at, token in enumerate(analysis.tokens) if token in content and at not in denied
    ]


class _Chunker:
    def __init__(self, analysis: Analysis) -> None:
        self._tokens = analysis.tokens
        self._language = analysis.language
        self._relations = relations(analysis.language)
        self._found: list[Chunk] = []
        self._at = 0

    def run(self) -> list[Chunk]:
        while self._at < len(self._tokens):
            end = self._end_of_group()
            if end is not None:
                self._found.append(self._thing(self._tokens[self._at : end]))
                self._at = end
            else:
                self._single(self._tokens[self._at])
                self._at += 1
        return self._found

    def _single(self, token: Token) -> None:
        """One word that is part of no group."""
        part = token.part
        if part is Part.MARK or part is Part.CONJUNCTION or part is Part.PRONOUN:
            stop = _stop(token)
            if stop is not None:
                self._found.append(stop)
        elif part is Part.PREPOSITION:
            name = self._relations.get(token.lemma, token.lemma)
            self._found.append(Link(name, token.lemma in _NEGATIVE))
        elif part in _ACTS and token.lemma not in _BE:
            self._found.append(self._act(token))
        elif part is Part.AUXILIARY and token.lemma in _HAVE and not self._before_participle():
            self._found.append(Act(token.lemma, finite=True, passive=False))
        elif part is Part.ADJECTIVE and self._after_being():
            self._found.append(Quality(token.lemma))

    def _act(self, token: Token) -> Act:
        being = self._after_being()
        passive = token.part is Part.PARTICIPLE
        return Act(token.lemma, token.part is Part.VERB or being, passive)

    def _after_being(self) -> bool:
        """Whether a form of "be" stands before, with nothing but adverbs between."""
        at = self._at - 1
        while at >= 0 and self._tokens[at].part in (Part.ADVERB, Part.ADJECTIVE):
            at -= 1
        before = self._tokens[at] if at >= 0 else None
        return before is not None and before.part is Part.AUXILIARY and before.lemma in _BE

    def _before_participle(self) -> bool:
        """Whether "have" only forms a tense here: "has fallen"."""
        at = self._at + 1
        while self._part(at) is Part.ADVERB:
            at += 1
        return self._part(at) in (Part.PARTICIPLE, Part.AUXILIARY)

    def _end_of_group(self) -> int | None:
        """Where the noun group that starts here ends; None where none does."""
        at = self._at
        seen_noun = opened = False
        while at < len(self._tokens):
            part = self._tokens[at].part
            if part is Part.NOUN:
                seen_noun = True
            elif seen_noun:
                break
            elif part in (Part.DETERMINER, Part.NUMBER, Part.ADJECTIVE):
                if part is Part.ADJECTIVE and not opened and self._is_said_of_subject(at):
                    return None
                opened = True
            elif part in (Part.GERUND, Part.PARTICIPLE):
                if not self._is_before_noun(at, opened=opened):
                    return None
            elif not (opened and self._goes_on(at)):
                return None
            at += 1
        if not seen_noun:
            return None
        return at if self._language == "en" else self._after_adjectives(at)

    def _is_said_of_subject(self, at: int) -> bool:
        return self._after_being() and self._part(at + 1) not in (Part.NOUN, Part.ADJECTIVE)

    def _is_before_noun(self, at: int, *, opened: bool) -> bool:
        """Whether a participle belongs to the next noun: "a sleeping cat", not "riding bikes"."""
        if self._language != "en" or self._part(at + 1) not in (Part.NOUN, Part.ADJECTIVE):
            return False
        before = self._found[-1] if self._found else None
        return opened or (not self._after_being() and (before is None or isinstance(before, Link)))

    def _goes_on(self, at: int) -> bool:
        """Whether an adverb, a comma or an "and" stands between adjectives of one group."""
        token = self._tokens[at]
        if token.part is Part.ADVERB:
            return self._part(at + 1) in (Part.ADJECTIVE, Part.PARTICIPLE, Part.NUMBER, Part.NOUN)
        after = self._part(at + 1)
        return (
            token.form in _JOINING
            and self._part(at - 1) is Part.ADJECTIVE
            and after is Part.ADJECTIVE
            and self._part(at + 2) in (Part.NOUN, Part.ADJECTIVE, Part.MARK, Part.CONJUNCTION)
        )

    def _after_adjectives(self, at: int) -> int:
        """The end with the adjectives that follow a Spanish noun: "loro azul y amarillo"."""
        while at < len(self._tokens):
            if self._part(at) is Part.ADJECTIVE:
                at += 1
            elif self._tokens[at].form in _JOINING and (
                self._part(at - 1) is Part.ADJECTIVE is self._part(at + 1)
            ):
                at += 2
            else:
                break
        return at

    def _part(self, at: int) -> Part | None:
        return self._tokens[at].part if 0 <= at < len(self._tokens) else None

    def _doing(self, nouns: Sequence[Token]) -> dict[Token, str]:
        """Words taken for nouns that say what a person or an animal does: "a sleeping cat"."""
        if self._language != "en" or nouns[-1].lemma not in words_of("agent", "en"):
            return {}
        readings = {token: lexicon("en").readings(token.form) for token in nouns[:-1]}
        return {
            token: one.lemma
            for token, ways in readings.items()
            for one in ways
            if one.part is Part.GERUND
        }

    def _thing(self, group: Sequence[Token]) -> Thing:
        nouns = [token for token in group if token.part is Part.NOUN]
        colours = words_of("colour", self._language)
        tints = [token for token in nouns if token.lemma in colours]
        if len(tints) < len(nouns):
            nouns = [token for token in nouns if token not in tints]
        else:
            tints = []
        doing = self._doing(nouns) if len(nouns) > 1 else {}
        nouns = [token for token in nouns if token not in doing]
        names = _names(nouns, self._language)
        stop = words_of("stop", self._language)
        return Thing(
            head=names[-1],
            names=names,
            attributes=tuple(
                _attribute(token, self._language)
                for token in group
                if (token.part in (Part.ADJECTIVE, Part.PARTICIPLE) or token in {*tints, *doing})
                and token.lemma not in stop
            ),
            doing=tuple(
                doing.get(token, token.lemma)
                for token in group
                if (token.part in (Part.GERUND, Part.PARTICIPLE) or token in doing)
                and token.lemma not in stop
            ),
            count=next((token.lemma for token in group if token.part is Part.NUMBER), None),
            negated=any(token.form in _NEGATIVE for token in group),
            start=self._at,
            end=self._at + len(group),
        )


def _names(nouns: Sequence[Token], language: str) -> tuple[str, ...]:
    """What a run of nouns names, longest first: "tennis racket", "racket"."""
    if language == "es":
        return tuple(
            dict.fromkeys(
                name
                for token in reversed(nouns)
                for name in (token.lemma, multiwords(language).head(token.lemma))
            )
        )
    last = nouns[-1].lemma
    before = [nouns[-2].lemma] if len(nouns) > 1 else []
    names = [" ".join([*before, last]), last, multiwords(language).head(last)]
    return tuple(dict.fromkeys(names))


def _attribute(token: Token, language: str) -> str:
    """An adjective as people write it: participles in their own form, in Spanish masculine."""
    if token.part in (Part.ADJECTIVE, Part.NOUN) and not token.form.endswith("ing"):
        return token.lemma
    if language == "es":
        for ending, other in _SPANISH_ENDINGS:
            if token.form.endswith(ending):
                return token.form.removesuffix(ending) + other
    return token.form


def _stop(token: Token) -> Stop | None:
    if token.form in _JOINING:
        return Stop.AND
    if token.form in _WHO:
        return Stop.WHO
    if token.part is Part.PRONOUN or token.form in ("'", '"', "(", ")", "-"):
        return None
    return Stop.END
