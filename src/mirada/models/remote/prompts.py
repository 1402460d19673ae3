"""What remote models are asked, word for word; a change of words is a new `VERSION`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION: Final = 1  # in the names of models and in the keys of what is kept
NAMES: Final = {"en": "English", "es": "Spanish"}
MOST_TAGS: Final = 30
MOST_WORDS: Final = 500  # characters of a statement that is checked
ONLY: Final = "Answer with JSON of this form and nothing else:"


def ask_captions(wishes: Mapping[str, int]) -> str:
    """The wish for sentences on a whole picture.

    Args:
        wishes: language -> how many.
    """
    return (
        f"Write {_counted(wishes, 'caption')} for this picture, each different, likeliest first. "
        "A caption is one sentence of at most 20 words, in lower case and without a full stop. It "
        "says only what can be seen: which things and how many, what they look like, what they do, "
        "where they are, and the place. It guesses no names and says nothing of the picture itself."
        f" {ONLY} {_form(wishes)}"
    )


def ask_phrases(wishes: Mapping[str, int], pictures: int) -> str:
    """The wish for phrases on each of some pictures, which are parts of one photo."""
    one = "This picture is a part" if pictures == 1 else f"These {pictures} pictures are parts"
    each = "it" if pictures == 1 else "each of them, in their order"
    many = "" if pictures == 1 else f", with {pictures} entries in that list"
    return (
        f"{one} of a photo. Write {_counted(wishes, 'phrase')} for {each}, likeliest first. A "
        "phrase names the main thing with what it looks like, such as "
        '"a brown dog with a red collar", in at most 10 words, in lower case. It says only what '
        f"can be seen. {ONLY} {_form(wishes)}{many}"
    )


def ask_tags() -> str:
    """The wish for tags of a picture."""
    return (
        f"Name what is to be seen in this picture by up to {MOST_TAGS} tags, surest first: things, "
        "people, animals, plants, food, the place, what happens, the weather, the time of day. A "
        "tag is an English noun or verb of one to three words in lower case, with your confidence "
        "from 0 to 1 that it fits. "
        f'{ONLY} {{"tags": [{{"name": "...", "confidence": 0.9}}]}}'
    )


def ask_checks(texts: Sequence[str]) -> str:
    """The question whether a picture shows what each of some texts says."""
    listed = "\n".join(
        f"{number}. {json.dumps(' '.join(text.split())[:MOST_WORDS], ensure_ascii=False)}"
        for number, text in enumerate(texts, start=1)
    )
    return (
        "Look at this picture and check each numbered statement against it, yes or no. Confidence "
        "is the probability from 0 to 1 that all of what the statement says is to be seen: things, "
        "counts, colours, who does what, where. "
        f'{ONLY} {{"checks": [{{"number": 1, "confidence": 0.9}}]}}, with an entry for each '
        f"number from 1 to {len(texts)}. The statements:\n{listed}"
    )


def _counted(wishes: Mapping[str, int], noun: str) -> str:
    told = [
        f"{count} {noun}{'' if count == 1 else 's'} in {NAMES[language]}"
        for language, count in wishes.items()
    ]
    return " and ".join(told)


def _form(wishes: Mapping[str, int]) -> str:
    return json.dumps({"pictures": [{language: ["..."] for language in wishes}]})
