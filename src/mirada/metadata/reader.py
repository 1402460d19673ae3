"""One file to its metadata: from its bytes, the files beside it, its name, its date on disk."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mirada.metadata.exif import read_exif
from mirada.metadata.iptc import read_iptc
from mirada.metadata.merge import merge
from mirada.metadata.names import date_in_name
from mirada.metadata.packets import unpack
from mirada.metadata.places import place_at, places_available
from mirada.metadata.sidecars import read_sidecar, takeout_candidates, xmp_candidates
from mirada.metadata.takeout import read_takeout
from mirada.metadata.xmp import read_tags, read_xmp
from mirada.types import Metadata

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.types import Tag

METADATA_VERSION = "metadata/1"


def metadata_version() -> str:
    """What the role `metadata` is called in records: it changes when the gazetteer is installed."""
    return f"{METADATA_VERSION}+places" if places_available() else METADATA_VERSION


def read_metadata(path: Path, raw: bytes) -> Metadata:
    """All that a file and what lies beside it say; whatever is damaged counts as absent.

    Args:
        path: of the file; its folder is looked at for sidecars.
        raw: the bytes of the file.
    """
    packets = unpack(raw)
    sources = {
        "exif": read_exif(packets.exif) if packets.exif is not None else Metadata(),
        "iptc": read_iptc(packets.iptc),
        "xmp": read_xmp(packets.xmp) if packets.xmp else Metadata(),
        "sidecar": _sidecar(path),
        "takeout": _takeout(path),
        "name": Metadata(taken_at=date_in_name(path)),
        "file": Metadata(taken_at=_modified(path)),
    }
    merged = merge(sources)
    return merged if merged.place else replace(merged, place=_place(merged))


def recorded_tags_of(path: Path, raw: bytes) -> tuple[Tag, ...]:
    """The tags that mirada itself wrote for a file earlier, with what people decided on them."""
    found: dict[str, Tag] = {}
    for packet in (unpack(raw).xmp, *map(read_sidecar, reversed(xmp_candidates(path)))):
        found.update((tag.name, tag) for tag in read_tags(packet or b""))
    return tuple(found.values())


def _sidecar(path: Path) -> Metadata:
    """Of both styles of names, the fuller one first."""
    found = [read_xmp(raw) for raw in map(read_sidecar, xmp_candidates(path)) if raw]
    return merge({"sidecar": found[0], "xmp": found[1]}) if found[1:] else (*found, Metadata())[0]


def _takeout(path: Path) -> Metadata:
    for candidate in takeout_candidates(path):
        raw = read_sidecar(candidate)
        if raw and (found := read_takeout(raw)):
            return found
    return Metadata()


def _modified(path: Path) -> datetime | None:
    """When the file was last written, UTC: copies and downloads make it later than the photo."""
    try:
        return datetime.fromtimestamp(os.stat(path).st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return None


def _place(metadata: Metadata) -> str | None:
    if metadata.latitude is None or metadata.longitude is None:
        return None
    return place_at(metadata.latitude, metadata.longitude)
