"""The vocabulary: a table of tags that the user may edit, with the texts that stand for each."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirada.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED: Final = Path(__file__).with_name("tags.tsv")
EDITED: Final = "tags.tsv"  # in the home of a collection: stands in for the shipped one
COLUMNS: Final = ("name", "kind", "spanish", "group", "also", "prompts")
_LONGEST_NAME: Final = 60  # characters

_THING: Final = ("a photo of {a}", "a picture with {a} in it", "{n}")
_STATE: Final = ("{n}", "a photo of {n}", "{n} in a picture")
TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "person": ("a photo of {a}", "{n} in a picture", "{a}"),
    "clothing": ("someone wearing {a}", "a photo of {a}", "{n}"),
    "scene": ("a photo of {a}", "a picture taken at {a}", "{n}"),
    "activity": ("someone {n}", "a photo of people {n}", "{n}"),
    "style": ("{n}", "{a} picture", "an image in the style of {n}"),
    "event": ("a photo of {a}", "people at {a}", "{n}"),
    "attribute": ("something {n}", "a {n} scene", "{n}"),
    **dict.fromkeys(("animal", "body", "food", "object", "plant", "vehicle"), _THING),
    **dict.fromkeys(("light", "season", "weather"), _STATE),
}
"""Kind -> how the model is asked; {n} is the name, {a} the name with its article."""

OF_PARTS: Final = frozenset(
    ("animal", "body", "clothing", "food", "object", "person", "plant", "scene", "vehicle")
)
"""Kinds that a part of an image can have; the rest are of the whole."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a vocabulary."""

    name: str
    kind: str
    spanish: str
    group: str = ""  # of those in one group an image gets the likeliest alone; "" has no rivals
    also: tuple[str, ...] = ()  # other words for the same thing
    prompts: tuple[str, ...] = ()  # its own description for the model, where the name won't do

    @property
    def texts(self) -> tuple[str, ...]:
        """What the model is asked; the mean of their vectors stands for the tag."""
        if self.prompts:
            return (*self.prompts, *(f"a photo of {text}" for text in self.prompts), self.name)
        article = with_article(self.name)
        return tuple(one.format(n=self.name, a=article) for one in TEMPLATES[self.kind])

    @property
    def key(self) -> str:
        """The same for entries that the model is asked for in the same words."""
        return sha256("\n".join((self.name, *self.texts)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every tag that an image may get."""

    entries: tuple[Entry, ...]
    digest: str  # of all that bears on tags

    def __len__(self) -> int:
        return len(self.entries)


def vocabulary_of(home: Path) -> Vocabulary:
    """The one in `home` that the user has edited, else the shipped one; errors as there."""
    return read_vocabulary(home / EDITED if (home / EDITED).is_file() else SHIPPED)


def read_vocabulary(path: Path = SHIPPED) -> Vocabulary:
    """The vocabulary of a file.

    Raises:
        ConfigError: naming the line that is wrong.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as UTF-8 text: {error}") from error
    entries: dict[str, Entry] = {}
    header = False
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("\t")]
        if not header and tuple(fields) == COLUMNS[: len(fields)] and len(fields) > 1:
            header = True
            continue
        entry = _entry(fields, f"{path}, line {number}")
        if entry.name in entries:
            raise ConfigError(f"{path}, line {number}: {entry.name!r} is there already: remove one")
        entries[entry.name] = entry
    if not entries:
        raise ConfigError(f"{path} holds no tags: delete it to go back to the shipped vocabulary")
    return Vocabulary(tuple(entries.values()), _digest(entries))


def with_article(name: str) -> str:
    """The name with "a" or "an", unless it looks like a plural."""
    if name.endswith("s") and not name.endswith("ss"):
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _entry(fields: list[str], where: str) -> Entry:
    if not 2 <= len(fields) <= len(COLUMNS):
        raise ConfigError(
            f"{where}: expected name, kind and up to four more columns, parted by tabs: "
            f"{', '.join(COLUMNS)}"
        )
    name, kind, spanish, group, also, prompts = fields + [""] * (len(COLUMNS) - len(fields))
    if not name or name != name.lower() or len(name) > _LONGEST_NAME:
        raise ConfigError(
            f"{where}: a name is lower case and has 1 to {_LONGEST_NAME} characters: {name!r}"
        )
    if kind not in TEMPLATES:
        raise ConfigError(
            f"{where}: unknown kind {kind!r}: choose of {', '.join(sorted(TEMPLATES))}"
        )
    return Entry(name, kind, spanish, group, _parts(also), _parts(prompts))


def _parts(field: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in field.split("|") if part.strip())


def _digest(entries: Mapping[str, Entry]) -> str:
    """Of names, texts, kinds and groups; synonyms and Spanish names don't bear on tags."""
    said = "\n".join(f"{one.key} {one.kind} {one.group}" for one in entries.values())
    return sha256(said.encode()).hexdigest()[:12]
