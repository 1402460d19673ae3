"""Photos to plans, plans to files: the steps of `mirada tag`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.indexing.formats import quiet
from mirada.metadata.exif import read_exif
from mirada.metadata.iptc import read_iptc
from mirada.metadata.packets import Packets, unpack
from mirada.metadata.values import unique
from mirada.tagging.edit import Edit, Present, plan_edit
from mirada.tagging.embed import check_embeddable
from mirada.tagging.files import digest, read_if_there, replace_file
from mirada.tagging.packet import Untaggable, inspect, rewrite
from mirada.tagging.targets import check_target, sidecar_of
from mirada.types import Metadata

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.tagging.embed import Embedder
    from mirada.tagging.journal import Journal
    from mirada.types import ImageRecord, SourceFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What one photo is to get, and where."""

    photo: Path
    target: Path  # the sidecar, or the photo itself
    edit: Edit
    problem: str | None = None  # why it is left alone


@dataclass(frozen=True, slots=True)
class Moved:
    """A photo whose bytes changed, so that it has another id."""

    path: Path
    before: str  # image id
    after: str


@dataclass(frozen=True, slots=True)
class Planner:
    """Looks at photos and their sidecars; writes nothing."""

    roots: Sequence[Path]  # no file outside of them is touched
    embed: bool
    min_confidence: float  # of tags nobody decided on, and of captions

    def plan(self, record: ImageRecord, file: SourceFile) -> Plan:
        """What a photo is to get, as its files are at this moment."""
        target = file.path if self.embed else sidecar_of(file.path)
        try:
            raw, packet = self._read(file, target)
            return Plan(file.path, target, self._edit(record, raw, packet))
        except Untaggable as error:
            return Plan(file.path, target, Edit(), str(error))
        except OSError as error:
            return Plan(file.path, target, Edit(), (error.strerror or str(error)).lower())

    def _read(self, file: SourceFile, target: Path) -> tuple[bytes, bytes | None]:
        """The photo, and the packet to be changed."""
        check_target(target, file.path, self.roots)
        status = os.stat(file.path)
        if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
            raise Untaggable("changed since it was indexed: run `mirada index` first")
        raw = file.path.read_bytes()
        if not self.embed:
            return raw, read_if_there(target)
        packet = _unpack(raw).xmp
        check_embeddable(packet)
        return raw, packet

    def _edit(self, record: ImageRecord, raw: bytes, packet: bytes | None) -> Edit:
        return plan_edit(
            record.tags,
            record.captions,
            here=inspect(packet) if packet is not None else None,
            elsewhere=_said_in(_unpack(raw), with_xmp=not self.embed),
            min_confidence=self.min_confidence,
        )


def write(plan: Plan, journal: Journal, embedder: Embedder | None) -> Moved | None:
    """Make the edit, logged before; returns the photo's new id where its bytes changed.

    Raises:
        Untaggable: the file is not what it was, or cannot hold the tags; it is left as it is.
        OSError: it cannot be written; it is left as it is.
    """
    before = read_if_there(plan.target)
    if embedder is None:
        after = rewrite(before, plan.edit)
        journal.note(plan.target, before, after)
        replace_file(plan.target, after, keep_time=False)
        return None
    if before is None:
        raise Untaggable("gone")
    packet = rewrite(_unpack(before).xmp, plan.edit)
    after = embedder.embed(before, packet, suffix=plan.photo.suffix)
    journal.note(plan.target, before, after)
    replace_file(plan.target, after, keep_time=True)
    return Moved(plan.photo, digest(before), digest(after))


def _unpack(raw: bytes) -> Packets:
    with quiet():
        return unpack(raw)


def _said_in(packets: Packets, *, with_xmp: bool) -> Present:
    """What a photo says of itself, outside of the packet that is to be changed."""
    with quiet():
        exif = read_exif(packets.exif) if packets.exif is not None else Metadata()
    iptc = read_iptc(packets.iptc)
    xmp = inspect(packets.xmp, recover=True) if packets.xmp and with_xmp else Present()
    return Present(
        keywords=unique((*xmp.keywords, *iptc.keywords, *exif.keywords)),
        description=xmp.description or iptc.description or exif.description,
    )
