"""The words of a line with lemma and part of speech, and the marks in their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mirada.language.analysis import analyse
from mirada.language.kinship import kin
from mirada.language.parts import Part
from mirada.language.tables import words_of
from mirada.language.tagging import likeliest
from mirada.language.words import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirada.search.parsing.line import Line
    from mirada.search.parsing.marks import Mark

_KEPT = frozenset(("plain", "mutual"))  # marks whose words stay in the text


class Token(NamedTuple):
    """A word, or an expression of several: words `start` up to `end` of the line."""

    form: str  # with blanks between the words of an expression
    lemma: str
    part: Part
    start: int
    end: int
    capital: bool = False
    plain: bool = False  # of an idiom: to be left where it is
    mutual: bool = False


def tokens_and_marks(line: Line, marks: Sequence[Mark], language: str) -> list[Token | Mark]:
    """What is between marks as tokens, read in the context of the whole line."""
    words = _in_context(line, language)
    pieces: list[Token | Mark] = []
    at = 0
    for mark in (*marks, None):
        end = mark.start if mark else len(line.words)
        pieces += _between(line, words, at, end, language)
        if mark is None:
            break
        if mark.kind in _KEPT:
            mutual = mark.kind == "mutual"
            pieces += (
                _alone(line, index, language)._replace(plain=True, mutual=mutual)
                for index in range(mark.start, mark.end)
            )
        else:
            pieces.append(mark)
        at = mark.end
    return pieces


def _in_context(line: Line, language: str) -> dict[int, Token]:
    """Where each token starts -> the token."""
    found: dict[int, Token] = {}
    for token in analyse(line.text, language).tokens:
        start, end = line.index(token.start), line.index(token.end + 1)
        if start < end and start not in found:
            form = token.form.replace("_", " ")
            capital = line.words[start].capital
            found[start] = Token(form, token.lemma, token.part, start, end, capital)
    return found


def _between(
    line: Line, words: dict[int, Token], start: int, end: int, language: str
) -> Iterator[Token]:
    """The tokens of a stretch; an expression that a mark cuts is read word by word."""
    at = start
    while at < end:
        token = words.get(at)
        if token is None or token.end > end:
            token = _alone(line, at, language)
        yield token
        at = token.end


def _alone(line: Line, index: int, language: str) -> Token:
    word = line.words[index]
    reading = likeliest([word.form], lexicon(language))[0]
    return Token(word.form, reading.lemma, reading.part, index, index + 1, word.capital)


def is_living(lemma: str, language: str) -> bool:
    """Whether it names people or animals, who do things."""
    if lemma in words_of("agent", language):
        return True
    return any(one in ("person", "animal") for one in kin(lemma, language).wider)


def is_gerund(token: Token) -> bool:
    """Whether an English word may be one, whatever it is taken for."""
    ways = lexicon("en").readings(token.form.replace(" ", "_"))
    return any(one.part is Part.GERUND for one in ways)
