"""Files that come through the browser: one table or exam file at once, or scans that gather in a delivery folder.

A delivery is a random folder below the data folder's `uploads`. Its files keep their given names as far as these are
plain names; names are shown and sorted by, never used to leave the folder.
"""

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from flask import request
from werkzeug.datastructures import FileStorage

from models.columns import now
from models.errors import InputRefused, NotFound, mark_text
from web.settings import Settings

MAX_TABLE_BYTES = 64 * 1024 * 1024  # no exam file or roster comes near this
_TOKEN = re.compile(r"^[0-9a-f]{32}$")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]+')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # device names of Windows
_LONGEST_NAME = 120
_LONGEST_BYTES = 200  # of the name in UTF-8; file systems take 255


class FileMissing(InputRefused):
    """The form came without its file."""

    code = "upload.missing"
    sentence = mark_text("No file was chosen.")
    remedy = mark_text("Choose a file and send it again.")


class FileTooLarge(InputRefused):
    """A table far beyond what its kind ever is."""

    code = "upload.too_large"
    sentence = mark_text("{name} is larger than {most} MiB.")
    remedy = mark_text("Check that it is the right file.")
    http_status = 413


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file's bytes and its name as given, folders left out."""

    name: str
    data: bytes


def one_file(field: str) -> UploadedFile:
    """The file of a form. Raises FileMissing or FileTooLarge."""
    given = request.files.get(field)
    if given is None or not given.filename:
        raise FileMissing
    data = given.stream.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise FileTooLarge(name=plain_name(given.filename), most=MAX_TABLE_BYTES // (1024 * 1024))
    return UploadedFile(plain_name(given.filename), data)


def plain_name(name: str) -> str:
    """The last part of a path as a name that every system can keep; Chinese stays."""
    last = re.split(r"[/\\]", name)[-1]
    kept = _UNSAFE.sub("_", last).strip(" .") or "file"
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 8:
        stem, dot, ending = kept, "", ""
    stem = stem[:_LONGEST_NAME]
    while len(f"{stem}{dot}{ending}".encode()) > _LONGEST_BYTES:
        stem = stem[:-1]
    kept = f"{stem}{dot}{ending}"
    return f"_{kept}" if _RESERVED.match(kept) else kept


def deliveries(settings: Settings) -> Path:
    """Where deliveries gather."""
    return settings.data / "uploads"


def new_delivery(settings: Settings, name: str) -> str:
    """Make an empty delivery and answer its token.

    The folder inside carries the name that the batch will have: this moment where none was given.
    """
    token = secrets.token_hex(16)
    unnamed = now().astimezone().strftime("%Y-%m-%d %H-%M-%S")
    (deliveries(settings) / token / (plain_name(name) if name.strip() else unnamed)).mkdir(parents=True)
    return token


def delivery_folder(settings: Settings, token: str) -> Path:
    """The folder that holds the files of a delivery. Raises NotFound."""
    outer = deliveries(settings) / token
    if not _TOKEN.match(token) or not outer.is_dir():
        raise NotFound(what=mark_text("delivery"), name=token[:40])
    return next(child for child in outer.iterdir() if child.is_dir())


def keep_file(settings: Settings, token: str, given: FileStorage) -> str:
    """Add a file to a delivery, durably, and answer the name that it was kept under. Raises NotFound.

    A second file of the same name gets a number; the ledger recognises equal bytes later.
    """
    folder = delivery_folder(settings, token)
    name = plain_name(given.filename or "file")
    target, number = folder / name, 2
    while True:
        try:
            with target.open("xb") as out:
                shutil.copyfileobj(given.stream, out, 1024 * 1024)
                out.flush()
                os.fsync(out.fileno())
        except FileExistsError:
            stem, dot, ending = name.rpartition(".")
            target = folder / (f"{stem} ({number}).{ending}" if dot else f"{name} ({number})")
            number += 1
        else:
            return target.name


def drop_delivery(settings: Settings, token: str) -> None:
    """Remove a delivery whose files are all kept as evidence."""
    shutil.rmtree(delivery_folder(settings, token).parent)
