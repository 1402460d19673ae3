"""The words of a query in normal form, each with its place in what was typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirada.language.pieces import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Word:
    """One word, number or mark."""

    form: str  # lower case, composed
    start: int  # in characters of the query
    end: int
    capital: bool  # begins with a capital, in a query that isn't all in capitals


class Line:
    """Words in order, and their text with one blank after each, for patterns to match on."""

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = tuple(words)
        self.text = "".join(f"{word.form} " for word in self.words)
        self._at: dict[int, int] = {}
        place = 0
        for index, word in enumerate(self.words):
            self._at[place] = index
            place += len(word.form) + 1
        self._at[place] = len(self.words)

    def index(self, place: int) -> int:
        """The word that begins at or after a character of `text`."""
        while place not in self._at and place < len(self.text):
            place += 1
        return self._at.get(place, len(self.words))

    def without(self, gone: set[int]) -> Line:
        """The line that is left when some words were understood."""
        return Line(word for index, word in enumerate(self.words) if index not in gone)

    def corrected(self, correct: Callable[[str], str]) -> Line:
        """The line with other forms of some words."""
        return Line(replace(word, form=correct(word.form)) for word in self.words)


def read_line(text: str) -> Line:
    """The words of a text; capitals tell names only where there are small letters too."""
    mixed = text != text.upper()
    return Line(
        Word(form, start, end, mixed and text[start].isupper())
        for form, start, end in (
            (piece.form.replace(" ", "_"), piece.start, piece.end) for piece in split(text)
        )
        if form
    )


def spoken(forms: Iterable[str]) -> str:
    """Words as a text for people and encoders: no blank before a comma or a possessive."""
    text = ""
    for form in forms:
        close = form in {",", ".", ";", ":", "!", "?", ")"} or form in {"n't", "'s"}
        text += form if close or not text or text.endswith("(") else f" {form}"
    return text.strip(" ,;.:").replace("_", " ")
