"""Captions into Spanish with Apertium, a rule-based translator; training and evaluation only.

Apertium's English to Spanish is rough: its commonest slips in captions are repaired before and
after, and `glossary.tsv` holds words that its dictionary lacks.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH = 4000  # texts handed to one run of the binary

_BEFORE = (
    (r"\blittle (boy|girl|dog|kid|child|baby)", r"small \1"),
    (r"\bon the (left|right) of\b", r"to the \1 of"),
    (r"\b(?<!swimming )pool\b(?! (table|ball|cue))", "swimming pool"),
    (r"\bcouch(es)?\b", r"sofa"),
    (r"\bguys?\b", "man"),
    (r"\bstands\b", "is standing"),
    (r"\bruns\b", "is running"),
    (r"\blooks at\b", "is looking at"),
    (r"\brides\b", "is riding"),
    (r"\bplays\b", "is playing"),
    (r"\bswings on\b", "is on"),
    (r"\bon top of\b", "on"),
    (r"\btraveling\b", "travelling"),
    (r"\btopped with\b", "with"),
    (r"\bthere (is|are) \b", ""),
)
"""English that Apertium stumbles over, and a wording of the same that it does not."""

_AFTER = (
    (r"\bchic[oa]s? pequeñ([oa]s?)\b", r"niñ\1 pequeñ\1"),
    (r"\bun chico\b", "un niño"),
    (r"\buna chica pequeña\b", "una niña pequeña"),
    (r"\best(á|án) (estando|de pie)\b", r"est\1 de pie"),
    (r"\bque están? estando\b", "de pie"),
    (r"\bestando\b", "de pie"),
    (r"\bsentando\b", "sentado"),
    (r"\buna? (bici)\b", r"una bicicleta"),
    (r"\bcada otro\b", "ellos"),
    (r"\bencima hierba\b", "sobre la hierba"),
    (r"\balimentario\b", "comida"),
    (r"\ben el dejado de\b", "a la izquierda de"),
    (r"\bde las personas\b", "de personas"),
    (r"\bcerro\b", "colina"),
    (r"\baguantando\b", "sosteniendo"),
    (r"\baguanta(n?)\b", lambda found: "sostienen" if found[1] else "sostiene"),
    (r"\bluego (al?)\b", r"junto \1"),
    (r"#?muro de hueso", "muro de piedra"),
    (r"\ben ocaso\b", "al atardecer"),
    (r"\bjuntas? de nieve\b", "tabla de snowboard"),
    (r"#", ""),  # Apertium's mark of a word that it could not inflect
    (r"\babajo la (calle|carretera|acera|colina)\b", r"por la \1"),
    (r"\bmientras (\w+ndo)\b", r"\1"),
    (r"\bencima (arena|nieve|hielo|agua|rocas|una|un|la|el|su)\b", r"sobre \1"),
    (r"\bmira(ndo)? en\b", r"mira\1"),
    (r"\s+", " "),
    (r" ([.,])", r"\1"),
)
_PLAY = (
    (r"\btocando\b", "jugando"),
    (r"\btocan\b", "juegan"),
    (r"\btoca\b", "juega"),
)
_SENSES = (
    (r"\bbab(y|ies)\b", r"\bcriatura", "bebe"),
    (r"\barms?\b", r"\barma(s?)\b", r"brazo\1"),
    (r"\bbod(y|ies)\b", r"\bente(s?)\b", r"cuerpo\1"),
    (r"\brocks?\b", r"\bmeced[oa]r", "roca"),
    (r"\bbench", r"\bbanquillo", "banco"),
    (r"\bwear|sunglass", r"\bvasos\b", "gafas"),
)
"""Where the English has the first, the second is the wrong sense and the third the right one."""

_INSTRUMENT = re.compile(
    r"guitar|piano|drum|music|violin|flute|trumpet|instrument|band|song|accordion|horn|touch"
)


def to_spanish(texts: Sequence[str]) -> list[str]:
    """One Spanish text per English one, in order."""
    raw = _apertium([_prepare(text) for text in texts], "eng-spa")
    return [_repair(spanish, english) for spanish, english in zip(raw, texts, strict=True)]


def apertium_version() -> str:
    """What the translator says it is; raises ModelUnavailable where there is none."""
    _check_apertium()
    done = subprocess.run(["apertium", "-V"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def words(texts: Sequence[str], direction: str) -> list[str | None]:
    """The translation of each single word, None where Apertium has none: eng-spa or spa-eng."""
    return [
        None if re.search(r"[*#@]", text) else _strip(text).lower() or None
        for text in _apertium([_end(text) for text in texts], direction)
    ]


@cache
def glossary() -> dict[str, str]:
    """English word -> Spanish words, of `glossary.tsv`."""
    text = resources.files(__package__).joinpath("glossary.tsv").read_text("utf-8")
    rows = csv.reader((line for line in text.splitlines() if line[:1] != "#"), delimiter="\t")
    return dict(rows)


def _prepare(text: str) -> str:
    text = " ".join(text.split())
    text = text[:1].lower() + text[1:]  # else "Brown dog" is taken for a name
    for pattern, wording in _BEFORE:
        text = re.sub(pattern, wording, text)
    return _end(text)


def _repair(spanish: str, english: str) -> str:
    text = re.sub(r"\*([\w'-]+)", lambda found: _known(found[1]), spanish)
    for pattern, wording in _AFTER:
        text = re.sub(pattern, wording, text, flags=re.IGNORECASE)
    if "play" in english and not _INSTRUMENT.search(english.lower()):
        for pattern, wording in _PLAY:
            text = re.sub(pattern, wording, text)
    for sign, wrong, right in _SENSES:
        if re.search(sign, english, re.IGNORECASE):
            text = re.sub(wrong, right, text)
    return _strip(text)


def _known(word: str) -> str:
    return glossary().get(word.lower(), word)


def _end(text: str) -> str:
    return f"{text.rstrip(' .')} ."  # without a full stop, lines run into one another


def _strip(text: str) -> str:
    return text.strip().rstrip(" .")


def _check_apertium() -> None:
    if shutil.which("apertium") is None:
        raise ModelUnavailable(
            "Spanish captions need Apertium: apt-get install apertium-eng-spa"
            " (or train with --languages en)"
        )


def _apertium(texts: Sequence[str], direction: str) -> list[str]:
    _check_apertium()
    return [
        line
        for start in range(0, len(texts), BATCH)
        for line in _run(texts[start : start + BATCH], direction)
    ]


def _run(texts: Sequence[str], direction: str) -> list[str]:
    command = ["apertium", "-f", "line", direction]
    done = subprocess.run(
        command, input="\n".join(texts) + "\n", capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != len(texts):
        raise ModelUnavailable(
            f"apertium {direction} gave {len(lines)} lines for {len(texts)} texts:"
            f" is the package apertium-eng-spa whole? {done.stderr.strip()[:200]}"
        )
    return lines
