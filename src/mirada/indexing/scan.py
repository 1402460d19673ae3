"""Folders to the image files in them: the first step of indexing."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mirada.errors import ConfigError, MiradaError, UnreadableImage
from mirada.types import Skipped, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from pathspec import GitIgnoreSpec

# fmt: off
SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib",
    ".avif", ".avifs", ".heic", ".heif", ".hif", ".tif", ".tiff",
    ".jp2", ".j2k", ".j2c", ".jpx", ".jpf", ".ppm", ".pgm", ".pbm", ".pnm",
))
# fmt: on
"""Names that promise an image, in lower case. Other files are none of our business; what a file
holds is told by its content, later."""

IGNORE_FILE = ".miradaignore"

MAX_FILE_BYTES = 512 * 1024 * 1024
"""Files are read whole, one per thread: beyond this they would not fit a laptop's memory."""

_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}

_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # neither on Windows


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies on disk, in an order that is the same each time."""

    files: tuple[SourceFile, ...]  # a folder's own files by name, then its folders by name
    skipped: tuple[Skipped, ...]
    unreadable: tuple[Path, ...]  # could not be looked at: nothing below counts as deleted


def scan(roots: Sequence[Path]) -> Scan:
    """Find the image files in folders, at any depth; a root may also be a file.

    Paths are absolute, with links in them kept. Links to files count as files. Links to folders
    are not followed, so that there are no loops and no copies; those that lead out of the roots
    are named among the skipped. Hidden files and folders and what `.miradaignore` excludes are
    passed over in silence, but a root is taken as it is named. Overlapping roots give each file
    once.

    Raises:
        MiradaError: a root does not exist.
        ConfigError: a `.miradaignore` holds a line that is no pattern.
    """
    tops = sorted({os.path.abspath(root) for root in roots})
    statuses = [_status(top) for top in tops]
    walk = _Walk(real_roots=tuple(os.path.realpath(top) for top in tops))
    for top, status in zip(tops, statuses, strict=True):
        if stat.S_ISDIR(status.st_mode):
            walk.folder(top)
        else:
            walk.take(top, status)
    return Scan(tuple(walk.files.values()), tuple(walk.skipped.values()), tuple(walk.unreadable))


def read_file(path: Path) -> bytes:
    """All bytes of a regular file, read once so that hash and pixels come from the same ones.

    Raises:
        UnreadableImage: the file is gone, forbidden, not a regular file, or too large.
    """
    with _open_regular(path) as file:
        check_length(os.fstat(file.fileno()).st_size)
        data = file.read(MAX_FILE_BYTES + 1)
    check_length(len(data))  # it may have grown
    return data


def check_length(length: int) -> None:
    """Refuse files of more than `MAX_FILE_BYTES`."""
    if length > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES >> 20
        raise UnreadableImage(f"{length >> 20} MiB file is over the limit of {limit} MiB")


@contextmanager
def _open_regular(path: Path) -> Iterator[BufferedReader]:
    """Open for reading without ever waiting for a fifo or waking a device."""
    try:
        _check_regular(os.stat(path))
        with open(path, "rb", opener=_open_at_once) as file:
            _check_regular(os.fstat(file.fileno()))  # of what was opened, whatever the name was
            yield file
    except OSError as error:
        raise UnreadableImage(_reason(error)) from error
    except ValueError as error:
        raise UnreadableImage("not a file name") from error


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_WAITING)


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"not a regular file but a {_kind(status)}")


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "special file")


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "file not found"
    return (error.strerror or str(error)).lower()


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise MiradaError(f"this link leads nowhere: {path}") from error
        raise MiradaError(f"there is no such file or folder: {path}") from error
    except (OSError, ValueError) as error:
        raise MiradaError(f"this path cannot be read: {path} ({error})") from error


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of one `.miradaignore` and of those above it."""

    base: int  # length of the path of its folder, with the separator
    spec: GitIgnoreSpec
    above: _Rules | None

    def exclude(self, path: str, *, folder: bool) -> bool:
        """Whether the nearest file with a pattern for this path says so."""
        name = path[self.base :].replace(os.sep, "/")
        verdict = self.spec.check_file(f"{name}/" if folder else name).include
        if verdict is None:
            return self.above is not None and self.above.exclude(path, folder=folder)
        return verdict


@dataclass(slots=True)
class _Walk:
    """What one scan has seen so far; the keys of its dicts are paths."""

    real_roots: tuple[str, ...]
    files: dict[str, SourceFile] = field(default_factory=dict)
    skipped: dict[str, Skipped] = field(default_factory=dict)
    unreadable: list[Path] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def folder(self, top: str) -> None:
        """Walk depth first, with a stack of our own: trees may be deeper than Python's."""
        stack: list[tuple[str, _Rules | None]] = [(top, None)]
        while stack:
            path, rules = stack.pop()
            if path in self.visited:
                continue
            self.visited.add(path)
            try:
                with os.scandir(path) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
                rules = self._rules(path, entries, rules)
                folders = [entry.path for entry in entries if self._is_subfolder(entry, rules)]
            except (OSError, UnreadableImage) as error:
                self._lose(path, error)
                continue
            stack.extend((inner, rules) for inner in reversed(folders))

    def take(self, path: str, status: os.stat_result) -> None:
        """Note a file, whatever its name promises."""
        if stat.S_ISREG(status.st_mode):
            self.files[path] = SourceFile(Path(path), status.st_size, status.st_mtime_ns)
        else:
            self._skip(path, f"not a regular file but a {_kind(status)}")

    def _rules(
        self, path: str, entries: list[os.DirEntry[str]], above: _Rules | None
    ) -> _Rules | None:
        """Patterns that hold in a folder; one whose patterns can't be read is not entered."""
        if not any(entry.name == IGNORE_FILE for entry in entries):
            return above
        prefix = os.path.join(path, "")
        return _Rules(len(prefix), _parse_ignore_file(Path(path, IGNORE_FILE)), above)

    def _is_subfolder(self, entry: os.DirEntry[str], rules: _Rules | None) -> bool:
        """True for a folder to walk; a file is dealt with on the spot."""
        if entry.name.startswith("."):
            return False
        is_folder = entry.is_dir(follow_symlinks=False)
        is_link = entry.is_symlink()
        promising = os.path.splitext(entry.name)[1].lower() in SUFFIXES
        if not (is_folder or is_link or promising):
            return False
        if rules is not None and rules.exclude(entry.path, folder=is_folder):
            return False
        if is_folder:
            return True
        self._file_or_link(entry, is_link=is_link, promising=promising)
        return False

    def _file_or_link(self, entry: os.DirEntry[str], *, is_link: bool, promising: bool) -> None:
        try:
            status = entry.stat()
        except FileNotFoundError:
            if is_link:
                self.unreadable.append(Path(entry.path))  # its target may be on a drive not mounted
            if promising:
                self._skip(entry.path, "link leads nowhere" if is_link else "vanished")
        except OSError as error:
            if promising:
                self._lose(entry.path, error)
        else:
            if is_link and stat.S_ISDIR(status.st_mode):
                self._pass_over(entry.path)
            elif promising:
                self.take(entry.path, status)

    def _pass_over(self, path: str) -> None:
        """A link to a folder: worth a word only if nothing else leads there."""
        target = os.path.realpath(path)
        if not any(_is_within(target, root) for root in self.real_roots):
            self._skip(path, "link to a folder is not followed; to include it, index its target")

    def _lose(self, path: str, error: Exception) -> None:
        self.unreadable.append(Path(path))
        reason = _reason(error) if isinstance(error, OSError) else f"{IGNORE_FILE}: {error}"
        self._skip(path, reason)

    def _skip(self, path: str, reason: str) -> None:
        self.skipped[path] = Skipped(Path(path), reason)


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _parse_ignore_file(path: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 60 ms, and most collections have none

    lines = read_file(path).decode("utf-8-sig", "surrogateescape").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError as error:
            raise ConfigError(f"{path}, line {number}: not a pattern: {line!r}") from error
    return GitIgnoreSpec.from_lines(lines)
