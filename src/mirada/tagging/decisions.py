"""What people decide on tags: accept, reject, add; kept in the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirada.errors import ConfigError
from mirada.types import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.protocols import Store
    from mirada.types import ImageRecord

BATCH = 256  # records a write


@dataclass(frozen=True, slots=True)
class Decisions:
    """Names of tags, as people typed them."""

    accept: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    add: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is decided."""
        return bool(self.accept or self.reject or self.add)


def decide(tags: Iterable[Tag], decisions: Decisions) -> tuple[Tag, ...]:
    """The tags with their new states, by falling confidence; names that are missing are added.

    Only `add` makes a tag that was not there; it is then certain, and accepted.
    """
    states = {
        **dict.fromkeys(map(tag_name, decisions.accept), "accepted"),
        **dict.fromkeys(map(tag_name, decisions.reject), "rejected"),
        **dict.fromkeys(map(tag_name, decisions.add), "accepted"),
    }
    decided = {tag.name: replace(tag, state=states.get(tag.name, tag.state)) for tag in tags}
    for name in map(tag_name, decisions.add):
        decided.setdefault(name, Tag(name, 1.0, "user", "accepted"))
    return tuple(sorted(decided.values(), key=lambda tag: (-tag.confidence, tag.name)))


def tag_name(text: str) -> str:
    """A name in lower case with single blanks.

    Raises:
        ConfigError: nothing is left.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in text).lower().split())
    if not name:
        raise ConfigError("a tag needs a name of at least one letter")
    return name


def save_decisions(store: Store, image_ids: Sequence[str], decisions: Decisions) -> int:
    """Decide on the tags of these pictures and keep it; returns how many changed.

    Raises:
        ConfigError: a tag to accept or reject is on none of them.
    """
    records = _whole_records(store, image_ids)
    known = {tag.name for record in records for tag in record.tags}
    for name in map(tag_name, (*decisions.accept, *decisions.reject)):
        if name not in known:
            raise ConfigError(f"none of these pictures has the tag {name!r}: --add puts it there")
    decided = [_decided(record, decisions) for record in records]
    changed = [new for new, old in zip(decided, records, strict=True) if new.tags != old.tags]
    for start in range(0, len(changed), BATCH):
        store.update(changed[start : start + BATCH])
    return len(changed)


def _whole_records(store: Store, image_ids: Sequence[str]) -> list[ImageRecord]:
    pairs = zip(store.get(image_ids), store.regions(image_ids), strict=True)
    return [replace(record, regions=regions) for record, regions in pairs]


def _decided(record: ImageRecord, decisions: Decisions) -> ImageRecord:
    """Phrases follow the tags they were made of."""
    tags = decide(record.tags, decisions)
    if "phrases" not in record.models:
        return replace(record, tags=tags)
    from mirada.language.phrases import tag_keyphrases  # noqa: PLC0415 loads a lexicon

    others = [phrase for phrase in record.phrases if phrase.source != "tag"]
    named = tag_keyphrases([tag for tag in tags if tag.state != "rejected"])
    return replace(record, tags=tags, phrases=tuple(dict.fromkeys((*others, *named))))
