"""Paths become stored files: what a person points at is read, kept as blobs, and entered as one batch.

In:  paths as given: folders, images, TIFF, PDF, ZIP. Out: Delivery: the batch (none when every file was known),
     and what of it had come before. Blobs are durable before the rows that name them; until those rows are there,
     nothing was taken in and the same command starts afresh.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.blobs import BlobStore
from models.errors import InputRefused, mark_text
from models.order import natural_key
from scanning.intake.names import printable
from scanning.intake.unpack import UnpackLimits, is_scan

_CHUNK_BYTES = 1 << 20


class PathMissing(InputRefused):
    """A path that is not there."""

    code = "scan.path_missing"
    sentence = mark_text("There is no file or folder {path}.")
    remedy = mark_text("Check the path; nothing was taken in.")


class NothingToScan(InputRefused):
    """The paths hold no file of a kind that can be a scan."""

    code = "scan.nothing_found"
    sentence = mark_text("There is no image, TIFF, PDF or ZIP file below {paths}.")
    remedy = mark_text("Give the folder or the files that the scanner wrote.")


class FileVanished(InputRefused):
    """A file could not be read while it was taken in."""

    code = "scan.file_unreadable"
    sentence = mark_text("The file {path} cannot be read: {why}.")
    remedy = mark_text("Make it readable and start again; nothing was taken in.")


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that was pointed at; `name` is what lists and exports show: never where on the computer it lay."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file whose bytes are kept. `blob` is the SHA-256 of the file, or of a note where it was too large to keep."""

    name: str
    blob: str
    size: int


def find_files(paths: Sequence[Path]) -> list[GivenFile]:
    """Every file that could be a scan, in natural order, paths in the order given.

    A file that was given itself is named by its own name, one in a folder by the folder's name and its place there.
    Raises PathMissing when a path is not there, NothingToScan when there is nothing to take in.
    """
    found: list[GivenFile] = []
    for path in paths:
        if path.is_dir():
            inside = [child for child in path.rglob("*") if is_scan(child)]
            inside.sort(key=lambda child: natural_key(child.relative_to(path).as_posix()))
            folder = Path(_own_name(path))
            found += [GivenFile(child, _shown((folder / child.relative_to(path)).as_posix())) for child in inside]
        elif path.is_file():
            found.append(GivenFile(path, _shown(path.name)))
        else:
            raise PathMissing(path=str(path))
    if not found:
        raise NothingToScan(paths=", ".join(str(path) for path in paths))
    return found


def _own_name(folder: Path) -> str:
    """The last part of a folder's path, also where it was given as ``.`` or ``..``."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name


def _shown(name: str) -> str:
    return printable(name, most=1000)


def keep_files(
    blobs: BlobStore,
    files: Sequence[GivenFile],
    limits: UnpackLimits | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[KeptFile]:
    """Keep the bytes of every file; all are durable when this returns. Raises FileVanished."""
    limits = limits or UnpackLimits()
    kept: list[KeptFile] = []
    for place, file in enumerate(files):
        try:
            size = file.path.stat().st_size
            if size > limits.file_bytes:
                key = blobs.put(too_large_note(_hash_of(file.path), size), sync=False)
            else:
                key = blobs.put(file.path.read_bytes(), sync=False)
        except OSError as err:
            raise FileVanished(path=str(file.path), why=err.strerror or str(err)) from err
        kept.append(KeptFile(file.name, key, size))
        progress(place + 1, len(files))
    blobs.sync()
    return kept


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


TOO_LARGE_HEAD = b"kaiyue: a file too large to be kept\n"


def too_large_note(sha256: str, size: int) -> bytes:
    """What is kept instead of a file beyond the limit: which file it was, so that it is listed and known again."""
    return TOO_LARGE_HEAD + f"sha256 {sha256}\nbytes {size}\n".encode("ascii")
