"""What one photo is to get: a pure comparison of what is known with what is written already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from mirada.types import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.types import Caption

Notes: TypeAlias = Mapping[str, tuple[Tag, bool]]
"""Folded name -> a tag as mirada noted it in a packet, and whether its keyword is mirada's own."""


@dataclass(frozen=True, slots=True)
class Present:
    """What a packet says already."""

    keywords: tuple[str, ...] = ()
    description: str | None = None
    caption: str | None = None  # the description that mirada wrote there
    notes: Notes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """The changes to one packet."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()  # mirada's own, rejected since
    present: tuple[str, ...] = ()  # wanted, and there already
    carried: tuple[str, ...] = ()  # keywords of the photo that a new packet repeats
    captions: tuple[Caption, ...] = ()  # to become the description, the first by default
    notes: Notes = field(default_factory=dict)
    changes: bool = False  # whether anything is to be written

    @property
    def caption(self) -> str | None:
        """The caption to be written, in its first language."""
        return self.captions[0].text if self.captions else None


def plan_edit(
    tags: Sequence[Tag],
    captions: Sequence[Caption],
    *,
    here: Present | None,
    elsewhere: Present,
    min_confidence: float,
) -> Edit:
    """The edit that brings a packet up to date.

    Keywords are only added, but for those that mirada wrote and people rejected since. One that
    mirada wrote and somebody took away counts as rejected, unless it was accepted here.

    Args:
        tags: of the image.
        captions: of the image, one a language.
        here: the packet to be changed; None where there is none yet.
        elsewhere: what other parts of the photo say, which need not be said again.
        min_confidence: of tags nobody decided on, and of captions.
    """
    packet = here or Present()
    inside = {word.casefold() for word in packet.keywords}
    there = inside | {word.casefold() for word in elsewhere.keywords}
    taken_away = {key for key, (tag, own) in packet.notes.items() if own and key not in inside}
    refused = taken_away | {k for k, (tag, _) in packet.notes.items() if tag.state == "rejected"}
    wanted = [tag for tag in tags if _is_wanted(tag, refused, min_confidence)]
    rejected = {tag.name.casefold() for tag in tags if tag.state == "rejected"}
    own = {key for key, (_, own) in packet.notes.items() if own}
    add = tuple(tag.name for tag in wanted if tag.name.casefold() not in there)
    remove = tuple(word for word in packet.keywords if word.casefold() in rejected & own)
    described = _captions_to_write(captions, packet, elsewhere, min_confidence)
    notes = _notes(tags, packet.notes, add=add, taken_away=taken_away)
    return Edit(
        add=add,
        remove=remove,
        present=tuple(tag.name for tag in wanted if tag.name.casefold() in there),
        carried=elsewhere.keywords if here is None else (),
        captions=described,
        notes=notes,
        changes=bool(add or remove or described)
        or (here is not None and _states(notes) != _states(packet.notes)),
    )


def _is_wanted(tag: Tag, refused: Iterable[str], min_confidence: float) -> bool:
    if tag.state == "auto":
        return tag.confidence >= min_confidence and tag.name.casefold() not in refused
    return tag.state == "accepted"


def _captions_to_write(
    captions: Sequence[Caption], here: Present, elsewhere: Present, min_confidence: float
) -> tuple[Caption, ...]:
    """Sure captions, English first, where the description is empty or mirada's own."""
    sure = sorted(
        (caption for caption in captions if caption.confidence >= min_confidence),
        key=lambda caption: caption.language != "en",
    )
    by_people = here.description is not None and here.description != here.caption
    unchanged = bool(sure) and sure[0].text == here.description
    if by_people or unchanged or elsewhere.description is not None:
        return ()
    return tuple(sure)


def _notes(
    tags: Sequence[Tag], former: Notes, *, add: Sequence[str], taken_away: set[str]
) -> dict[str, tuple[Tag, bool]]:
    """Former notes brought up to date, with those of new keywords and of decisions."""
    notes = dict(former)
    for key in taken_away:
        notes[key] = (replace(former[key][0], state="rejected"), False)
    for tag in tags:
        key = tag.name.casefold()
        known, own = notes.get(key, (None, False))
        if tag.name in add:
            notes[key] = (tag, True)
        elif tag.state == "rejected":
            notes[key] = (tag, False)
        elif tag.state == "accepted" or (known is not None and known.state == "auto"):
            notes[key] = (tag, own)
    return notes


def _states(notes: Notes) -> dict[str, tuple[str, bool]]:
    """What is worth a write: a confidence that moved is not."""
    return {key: (tag.state, own) for key, (tag, own) in notes.items()}
