"""Cuts a text into words, numbers and marks, each with its place; the first step of analysis."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_LETTERS = r"[^\W_](?:[^\W_]|[\u0300-\u036f])*"  # with accents written as marks of their own
_WORD = rf"{_LETTERS}(?:['’ʼ\-‐‑.&]{_LETTERS})*"
_PIECE = re.compile(rf"\d+(?:[.,:/x×-]\d+)*(?!\w)|{_WORD}|[^\w\s]|_+")
_TAIL = re.compile(r"(?<=.)(?:n't|'(?:s|re|ve|ll|d|m))$")
_APOSTROPHES = str.maketrans("’ʼ‐‑", "''--")
_UNEVEN = {"can't": 3, "won't": 3}  # letters of the first word, where two share a letter


class Piece(NamedTuple):
    """A stretch of a text without blanks."""

    form: str  # lower case, composed (NFC), with plain apostrophes and hyphens
    start: int  # in characters of the text
    end: int


def split(text: str) -> list[Piece]:
    """Pieces in order; "isn't" gives "is" and "n't", "man's" gives "man" and "'s"."""
    found: list[Piece] = []
    for match in _PIECE.finditer(text):
        form = normal(match[0])
        if "'" in form:
            found += _contracted(form, match.start(), match.end())
        else:
            found.append(Piece(form, match.start(), match.end()))
    return found


def normal(word: str) -> str:
    """A word as the lexicon writes it."""
    if word.isascii():
        return word.lower()
    composed = unicodedata.normalize("NFC", word).lower()
    return unicodedata.normalize("NFC", composed.translate(_APOSTROPHES))


def fold(word: str) -> str:
    """A word without accents, for those who type none: "árbol" gives "arbol"; ñ stays."""
    if word.isascii():
        return word
    parted = unicodedata.normalize("NFD", word.replace("ñ", "\0"))
    bare = "".join(mark for mark in parted if not unicodedata.combining(mark))
    return unicodedata.normalize("NFC", bare).replace("\0", "ñ")


def _contracted(form: str, start: int, end: int) -> list[Piece]:
    tail = _TAIL.search(form)
    if tail is None or len(form) != end - start:
        return [Piece(form, start, end)]
    cut = _UNEVEN.get(form, tail.start())
    return [Piece(form[:cut], start, start + cut), Piece(tail[0], start + cut, end)]
