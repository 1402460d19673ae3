"""What models that write are asked, and what is kept of what they write."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from mirada.errors import ConfigError
from mirada.types import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mirada.types import Box

SENTENCE, PHRASE = "whole", "region"
"""Kinds of text: of a whole image, and of a part of it."""

TOKENS: Final = {SENTENCE: 60, PHRASE: 24}
"""At most so many are written: Spanish needs about half as many again as English."""

LONGEST: Final = 300  # letters of a text; what random tokens make can be longer

CHAT: Final = {
    "whole": "Describe this image in one short sentence. Begin with what is to be seen, not with"
    " words such as 'the image shows'.",
    "region": "Name what this image shows with a short noun phrase: a few words, without a verb."
    " Answer with the phrase alone.",
    "whole-es": "Describe esta imagen en español con una sola frase corta. Empieza por lo que se"
    " ve, sin palabras como 'la imagen muestra'.",
    "region-es": "Di en español qué muestra esta imagen con un sintagma nominal corto: unas pocas"
    " palabras, sin verbo. Responde solo con el sintagma.",
}
"""Kind of text, with "-" and its language unless that is English -> what a chat model is asked."""

QUESTION: Final = "Does the image show: {text}? Answer yes or no."
"""What a chat model is asked about a picture and a text; the text may be in any language."""

THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
EDGES: Final = " \t\"'`“”‘’«»*_#-–—:;,.!"  # of a text, which no caption begins or ends with


def kind_of(box: Box) -> str:
    """What a part of an image is described with: a sentence for the whole, else a phrase."""
    return SENTENCE if box == WHOLE else PHRASE


def choose_prompts(
    own: Mapping[str, str], asked: Mapping[str, str] | None, languages: Sequence[str]
) -> dict[tuple[str, str], str]:
    """(kind, language) -> prompt: the model's own, or what the user asks for in its place.

    Args:
        own: of the model's family, by names as those of `CHAT`.
        asked: by the same names, in any of the languages.
        languages: that captions are wanted in.

    Raises:
        ConfigError: a name is unknown, or there is no prompt for a language.
    """
    names = {
        (kind, language): kind if language == "en" else f"{kind}-{language}"
        for language in languages
        for kind in TOKENS
    }
    given = {**own, **(asked or {})}
    unknown = set(asked or {}) - set(names.values())
    lacking = set(names.values()) - set(given)
    if not languages or unknown or lacking:
        raise ConfigError(
            f"languages {', '.join(languages) or '(none)'}: prompts"
            f" {', '.join(sorted(unknown | lacking)) or '(none)'}"
            f" {'are unknown' if unknown else 'are missing'}; set languages, and prompts ="
            " { whole = ..., region = ..., whole-es = ... } with two for each language"
        )
    return {key: given[name] for key, name in names.items()}


def tidy(text: str, prompt: str = "") -> str:
    """One line in lower case without marks at its ends, as captions are; "" where nothing is left.

    Args:
        text: as a model wrote it, without special tokens.
        prompt: what the text may begin with because the model was made to go on from it.
    """
    told = THOUGHTS.sub(" ", text)
    line = next((one for one in map(_legible, told.splitlines()) if one.strip(EDGES)), "")
    if prompt and line.lower().startswith(prompt.lower()):
        line = line[len(prompt) :]
    clean = line.strip(EDGES).lower()
    if len(clean) <= LONGEST:
        return clean
    return clean[:LONGEST].rpartition(" ")[0].strip(EDGES) or clean[:LONGEST]


def without_marks(text: str, marks: Iterable[str], *, longest: int = LONGEST) -> str:
    """A user's text that no model can take for marks of its own, cut to `longest` letters.

    Args:
        text: as typed.
        marks: of the model, longest first.
        longest: letters that are kept.
    """
    plain = _legible(text)
    for mark in marks:
        plain = plain.replace(mark, " ")
    return " ".join(plain.split())[:longest].strip()


def _legible(text: str) -> str:
    """Without control characters and what stands for bytes that are no text, spaces alone."""
    shown = (
        one if unicodedata.category(one)[0] != "C" and one != "\N{REPLACEMENT CHARACTER}" else " "
        for one in text
    )
    return " ".join("".join(shown).split())
