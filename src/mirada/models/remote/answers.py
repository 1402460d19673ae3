"""What remote models may answer: schemas to send, and readers that take nothing for granted.

A reader raises ValueError for an answer that is not of use.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from mirada.models.remote.prompts import MOST_TAGS
from mirada.types import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHARACTERS: Final = 300  # of a caption
MOST_LETTERS: Final = 60  # of a tag
THOUGHTS: Final = re.compile(r"(?s)^\s*<think>.*?</think>")
NUMBERING: Final = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+")


class _Form(BaseModel):
    """Servers hold models to it strictly; here a word too many does no harm."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class NamedTag(_Form):
    """A tag."""

    name: str
    confidence: float


class TagsForm(_Form):
    """All tags of a picture."""

    tags: list[NamedTag]


class Check(_Form):
    """How sure one statement is."""

    number: int
    confidence: float


class ChecksForm(_Form):
    """How sure each statement is."""

    checks: list[Check]


@cache
def captions_form(languages: tuple[str, ...]) -> type[BaseModel]:
    """For each picture texts by language."""
    fields: dict[str, Any] = dict.fromkeys(languages, (list[str], ...))
    texts = create_model("Texts", __base__=_Form, **fields)
    inside: dict[str, Any] = {"pictures": (list[texts], ...)}  # type: ignore[valid-type]
    return create_model("CaptionsForm", __base__=_Form, **inside)


def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of an answer, in the strict kind of OpenAI."""
    return form.model_json_schema()


def read_captions(
    answer: str, wishes: Mapping[str, int], pictures: int
) -> list[dict[str, list[str]]]:
    """For each picture language -> different texts, likeliest first, at most as many as wished."""
    found = _told(answer, captions_form(tuple(wishes)))["pictures"]
    if len(found) != pictures:
        raise ValueError(f"{len(found)} entries for {pictures} pictures")
    read = [
        {language: _captions(one[language])[:count] for language, count in wishes.items()}
        for one in found
    ]
    if not all(texts for one in read for texts in one.values()):
        raise ValueError("a picture without a caption")
    return read


def read_tags(answer: str) -> list[Tag]:
    """Different tags, surest first."""
    sure: dict[str, float] = {}
    for one in _told(answer, TagsForm)["tags"]:
        name = tidy(one["name"])
        if name and len(name) <= MOST_LETTERS:
            sure[name] = max(sure.get(name, 0.0), _probability(one["confidence"]))
    ranked = sorted(sure.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Tag(name, round(confidence, 4), "model") for name, confidence in ranked[:MOST_TAGS]]


def read_checks(answer: str, count: int) -> list[float]:
    """A probability for each of `count` statements, in order."""
    checks = _told(answer, ChecksForm)["checks"]
    sure = {one["number"]: _probability(one["confidence"]) for one in checks}
    if len(checks) != count or set(sure) != set(range(1, count + 1)):
        raise ValueError(f"not one check for each number from 1 to {count}")
    return [sure[number] for number in range(1, count + 1)]


def tidy(text: str) -> str:
    """In lower case, with single spaces, without numbering, quotes and full stop around it."""
    text = text.encode("utf-8", "ignore").decode()  # halves of surrogates fit into no index
    text = unicodedata.normalize("NFC", text)
    text = "".join(one if one.isprintable() else " " for one in text)
    text = NUMBERING.sub("", text)
    return " ".join(text.split()).strip(" \"'“”«».…").lower()


def _captions(texts: Sequence[str]) -> list[str]:
    tidied = dict.fromkeys(map(tidy, texts))
    return [text for text in tidied if text and len(text) <= MOST_CHARACTERS]


def _told(answer: str, form: type[BaseModel]) -> dict[str, Any]:
    """The object in an answer, which may have thoughts, words or a fence of code around it."""
    bare = THOUGHTS.sub("", answer)
    start, end = bare.find("{"), bare.rfind("}")
    if start < 0 or end < start:
        raise ValueError("no JSON in it")
    return form.model_validate_json(bare[start : end + 1]).model_dump()


def _probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no probability")
    return value
