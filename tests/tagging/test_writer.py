"""Photos planned, written and taken back, in files."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mirada.errors import ConfigError, ModelUnavailable
from mirada.indexing.images import decode_image
from mirada.metadata import read_metadata, recorded_tags_of
from mirada.metadata.packets import unpack
from mirada.tagging import targets
from mirada.tagging.embed import Embedder
from mirada.tagging.exiftool import ExifTool
from mirada.tagging.follow import follow
from mirada.tagging.journal import Journal
from mirada.tagging.packet import Untaggable, inspect
from mirada.tagging.targets import refuse_read_only, sidecar_of
from mirada.tagging.undo import undo_last
from mirada.tagging.writer import Moved, Plan, Planner, write
from mirada.types import ImageRecord
from tests import photos
from tests.conftest import REPOSITORY
from tests.metadata.sources import alt, bag, exif, iptc, jpeg, xmp
from tests.store.list_store import ListStore
from tests.tagging.indexed import CAPTION, CAT, DOG, SEA, accepted, record, rejected, seen, unit

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs ExifTool")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos" / ".mirada").mkdir(parents=True)
    return tmp_path / "photos"


@pytest.fixture
def photo(folder: Path) -> Path:
    path = folder / "a.jpg"
    path.write_bytes(jpeg(exif({0x010F: "Canon"})))
    return path


def plan(path: Path, known: ImageRecord | None = None, *, embed: bool = False) -> Plan:
    known = known or record(path)
    planner = Planner([path.parent], embed=embed, min_confidence=0.7)
    return planner.plan(known, known.files[0])


def tag(path: Path, known: ImageRecord | None = None) -> Plan:
    planned = plan(path, known)
    assert planned.problem is None
    write(planned, Journal(path.parent / ".mirada"), None)
    return planned


def contents(folder: Path) -> dict[str, str]:
    """Hashes of all files but the index."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def test_planning_writes_nothing(folder: Path, photo: Path) -> None:
    before = contents(folder)
    planned = plan(photo)
    assert (planned.edit.add, planned.edit.caption) == (("dog", "sea"), CAPTION.text)
    assert contents(folder) == before


def test_tags_go_beside_the_photo_and_never_into_it(photo: Path) -> None:
    raw = photo.read_bytes()
    tag(photo)
    assert photo.read_bytes() == raw
    assert inspect((photo.parent / "a.jpg.xmp").read_bytes()).keywords == ("dog", "sea")


def test_a_second_write_has_nothing_to_do(photo: Path) -> None:
    tag(photo)
    assert plan(photo).edit.changes is False


def test_undo_takes_the_sidecar_away_again(folder: Path, photo: Path) -> None:
    before = contents(folder)
    tag(photo)
    undo_last(Journal(folder / ".mirada"))
    assert contents(folder) == before


def test_undo_gives_the_sidecar_of_others_its_bytes_back(folder: Path, photo: Path) -> None:
    sidecar = folder / "a.jpg.xmp"
    sidecar.write_bytes(xmp(bag("dc:subject", ["Ana"]) + alt("dc:description", "Max")))
    before = contents(folder)
    planned = tag(photo)
    assert planned.edit.captions == ()
    assert inspect(sidecar.read_bytes()).keywords == ("Ana", "dog", "sea")
    undo_last(Journal(folder / ".mirada"))
    assert contents(folder) == before


def test_a_new_sidecar_repeats_what_the_photo_says(photo: Path) -> None:
    packet = xmp(bag("dc:subject", ["Ana"]))
    photo.write_bytes(jpeg(xmp=packet, iptc=iptc((25, "Max"), (25, "dog"), (120, "A walk"))))
    planned = tag(photo)
    found = inspect((photo.parent / "a.jpg.xmp").read_bytes())
    assert found.keywords == ("Ana", "Max", "dog", "sea")
    assert (planned.edit.add, planned.edit.present) == (("sea",), ("dog",))
    assert found.description is None


def test_decisions_reach_the_sidecar_and_can_be_read_back(photo: Path) -> None:
    tag(photo)
    tag(photo, record(photo, rejected(DOG), SEA, accepted(CAT)))
    assert inspect((photo.parent / "a.jpg.xmp").read_bytes()).keywords == ("sea", "cat")
    states = {one.name: one.state for one in recorded_tags_of(photo, photo.read_bytes())}
    assert states == {"dog": "rejected", "sea": "auto", "cat": "accepted"}
    assert read_metadata(photo, photo.read_bytes()).keywords == ("cat",)


@pytest.mark.parametrize(
    ("there", "target"),
    [
        ([], "a.jpg.xmp"),
        (["a.jpg.xmp", "a.xmp"], "a.jpg.xmp"),
        (["a.xmp"], "a.xmp"),
        (["a.XMP"], "a.XMP"),
        (["a.xmp", "a.cr2"], "a.jpg.xmp"),
        (["a.jpg.xmp", "a.cr2"], "a.jpg.xmp"),
    ],
)
def test_the_sidecar_that_is_there_is_the_one(photo: Path, there: list[str], target: str) -> None:
    for name in there:
        photo.with_name(name).write_bytes(b"")
    assert sidecar_of(photo).name == target


def test_a_photo_that_changed_since_it_was_indexed_is_left_alone(photo: Path) -> None:
    known = record(photo)
    photo.write_bytes(jpeg(exif({0x010F: "Nikon"})))
    assert "run `mirada index` first" in str(plan(photo, known).problem)


def test_a_damaged_sidecar_is_left_alone(photo: Path) -> None:
    photo.with_name("a.jpg.xmp").write_bytes(b"<x:xmpmeta>")
    assert "damaged" in str(plan(photo).problem)


def test_links_are_not_followed(folder: Path, photo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    real = outside / "b.jpg"
    real.write_bytes(photo.read_bytes())
    (folder / "b.jpg").symlink_to(real)
    (folder / "inner").symlink_to(outside)
    (folder / "a.jpg.xmp").symlink_to(outside / "a.xmp")
    planner = Planner([folder], embed=False, min_confidence=0.7)
    for path in (folder / "b.jpg", folder / "inner" / "b.jpg", photo):
        known = record(path)
        assert "link" in str(planner.plan(known, known.files[0]).problem), path
    assert {path.name for path in outside.iterdir()} == {"b.jpg"}


def test_a_vanished_photo_is_a_problem_of_its_own(photo: Path) -> None:
    known = record(photo)
    photo.unlink()
    assert plan(photo, known).problem == "no such file or directory"


def test_a_read_only_tree_is_refused_in_one_line(
    folder: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "can_replace", lambda path: False)
    with pytest.raises(ConfigError) as refused:
        refuse_read_only([photo, folder / "b.jpg"])
    said = str(refused.value)
    assert said.startswith(f"read-only: {photo} and 1 more; nothing was written")
    assert "\n" not in said


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="everything is open to root")
def test_a_read_only_file_or_folder_is_seen(folder: Path, photo: Path) -> None:
    photo.chmod(0o444)
    with pytest.raises(ConfigError, match="read-only"):
        refuse_read_only([photo])
    folder.chmod(0o555)
    with pytest.raises(ConfigError, match="read-only"):
        refuse_read_only([folder / "new.xmp"])
    folder.chmod(0o755)


KILLED = """
import os, sys
from pathlib import Path
from mirada.tagging import files, writer
from mirada.tagging.journal import Journal
from tests.tagging.indexed import record
photo, when = Path(sys.argv[1]), sys.argv[2]
real = os.replace
def die(*paths):
    if when == "after":
        real(*paths)
    os.kill(os.getpid(), 9)
os.replace = die
planner = writer.Planner([photo.parent], embed=False, min_confidence=0.7)
known = record(photo)
writer.write(planner.plan(known, known.files[0]), Journal(photo.parent / ".mirada"), None)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal")
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_writing_old_or_new_bytes_are_there_and_undo_knows(
    folder: Path, photo: Path, when: str
) -> None:
    sidecar = folder / "a.jpg.xmp"
    sidecar.write_bytes(xmp(bag("dc:subject", ["Ana"])))
    old = sidecar.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(photo), when], cwd=REPOSITORY, check=False
    )
    assert done.returncode == -9
    words = inspect(sidecar.read_bytes()).keywords
    assert words == (("Ana",) if when == "before" else ("Ana", "dog", "sea"))
    assert [one.problem for one in undo_last(Journal(folder / ".mirada"))] == [None]
    assert sidecar.read_bytes() == old
    tag(photo)
    assert not list(folder.glob(".mirada-*"))


def test_the_index_follows_a_photo_to_its_new_id(photo: Path) -> None:
    store = ListStore(encoder="colour/1", dim=4)
    known = record(photo)
    store.put([known], unit())
    photo.write_bytes(photo.read_bytes() + b"more")
    new_id = hashlib.sha256(photo.read_bytes()).hexdigest()
    follow(store, [Moved(photo, known.image_id, new_id)])
    assert store.ids() == [new_id]
    (moved,) = store.get([new_id])
    assert moved == replace(known, image_id=new_id, files=(seen(photo),))
    assert (store.vectors([new_id]) == unit()).all()


def test_copies_of_a_photo_part_and_meet_again(folder: Path, photo: Path) -> None:
    store = ListStore(encoder="colour/1", dim=4)
    known, copy = record(photo), folder / "copy.jpg"
    copy.write_bytes(photo.read_bytes())
    store.put([replace(known, files=(seen(photo), seen(copy)))], unit())
    photo.write_bytes(photo.read_bytes() + b"more")
    follow(store, [Moved(photo, known.image_id, "b" * 64)])
    assert {file.path.name: one for file, one in store.files().items()} == {
        "a.jpg": "b" * 64,
        "copy.jpg": known.image_id,
    }
    follow(store, [Moved(copy, known.image_id, "b" * 64)])
    assert store.ids() == ["b" * 64]
    assert len(store.get(["b" * 64])[0].files) == 2


def test_a_photo_that_the_index_does_not_know_is_not_followed(photo: Path) -> None:
    store = ListStore(encoder="colour/1", dim=4)
    follow(store, [Moved(photo, "a" * 64, "b" * 64)])
    assert store.ids() == []


@needs_exiftool
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "AVIF", "HEIF", "GIF"])
def test_embedding_changes_no_pixel_and_undo_no_byte(folder: Path, kind: str) -> None:
    path = folder / f"a.{kind.lower()}"
    path.write_bytes(photos.encode(photos.gradient((64, 48)), kind))
    os.utime(path, ns=(10**18, 10**18))
    raw = path.read_bytes()
    with ExifTool() as tool:
        moved = write(plan(path, embed=True), Journal(folder / ".mirada"), Embedder(tool))
    new = path.read_bytes()
    assert moved == Moved(path, *(hashlib.sha256(one).hexdigest() for one in (raw, new)))
    assert decode_image(new, 64).pixels.tobytes() == decode_image(raw, 64).pixels.tobytes()
    assert inspect(unpack(new).xmp or b"").keywords == ("dog", "sea")
    assert path.stat().st_mtime_ns == 10**18
    assert plan(path, embed=True).edit.changes is False
    (done,) = undo_last(Journal(folder / ".mirada"))
    assert path.read_bytes() == raw
    assert done.moved == Moved(path, moved.after, moved.before)


@needs_exiftool
def test_embedding_keeps_what_others_embedded(folder: Path, photo: Path) -> None:
    packet = xmp(bag("dc:subject", ["Ana"]) + "<acme:note>private</acme:note>")
    photo.write_bytes(jpeg(exif({0x010F: "Canon"}), xmp=packet, iptc=iptc((25, "Max"))))
    with ExifTool() as tool:
        write(plan(photo, embed=True), Journal(folder / ".mirada"), Embedder(tool))
    raw = photo.read_bytes()
    assert b"<acme:note>private</acme:note>" in raw
    found = read_metadata(photo, raw)
    assert (found.camera, found.keywords) == ("Canon", ("Ana", "Max"))
    assert inspect(unpack(raw).xmp or b"").keywords == ("Ana", "dog", "sea")


@needs_exiftool
def test_a_format_that_cannot_hold_tags_is_left_alone(folder: Path) -> None:
    path = folder / "a.ppm"
    path.write_bytes(photos.encode(photos.flat(), "PPM"))
    with ExifTool() as tool, pytest.raises(Untaggable, match="sidecar"):
        write(plan(path, embed=True), Journal(folder / ".mirada"), Embedder(tool))
    assert path.read_bytes() == photos.encode(photos.flat(), "PPM")


def test_xmp_in_several_parts_is_not_embedded_into(photo: Path) -> None:
    packet = xmp(
        attributes='xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0"'
    )
    photo.write_bytes(jpeg(xmp=packet))
    assert "several parts" in str(plan(photo, embed=True).problem)


def test_embedding_without_exiftool_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ModelUnavailable, match="ExifTool"):
        ExifTool()
