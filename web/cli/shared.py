"""What several commands share: opening the data folder, reading a given file, answering as JSON or as lines."""

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from models.errors import InputRefused, NotFound, mark_text
from web.wiring import Services, open_services

MAX_INPUT_BYTES = 64 * 1024 * 1024  # no exam file or roster comes near this


class InputTooLarge(InputRefused):
    """A file far beyond what its kind ever is."""

    code = "input.too_large"
    sentence = mark_text("{name} is larger than {most} MiB.")
    remedy = mark_text("Check that it is the right file.")
    http_status = 413


class CannotWriteFile(InputRefused):
    """A result cannot be written where it was asked for."""

    code = "output.cannot_write"
    sentence = mark_text("{path} ({option}) cannot be written: {why}.")
    remedy = mark_text("Choose another place, on a disk that has room and may be written to.")


def services() -> Services:
    """The data folder that --data or KAIYUE_DATA names."""
    return open_services()


def read_input(path: str) -> bytes:
    """The bytes of a file that the person named. Raises NotFound or InputTooLarge."""
    file = Path(path)
    if not file.is_file():
        raise NotFound(what=mark_text("file"), name=path)
    if file.stat().st_size > MAX_INPUT_BYTES:
        raise InputTooLarge(name=path, most=MAX_INPUT_BYTES // (1024 * 1024))
    return file.read_bytes()


def is_written_in_place(path: Path) -> bool:
    """Whether a path names a device such as /dev/null, or a link such as /dev/stdout: never replaced by a file.

    /dev/stdout leads to an ordinary file where the output goes into one; putting a new file in its place would take
    stdout away from every program of the machine.
    """
    return path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir())


def write_output(path: Path, data: bytes, option: str = "--out") -> None:
    """Write a result whole or not at all, making its folder. Raises CannotWriteFile."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if is_written_in_place(path):
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as err:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise CannotWriteFile(path=str(path), why=err.strerror or str(err), option=option) from err


@contextmanager
def private_file(path: Path, option: str) -> Iterator[int]:
    """A descriptor of a file that only the person who runs the command may read, made before anything depends on it.

    What an existing file holds stays until something is written; a new one that stays empty is removed again.
    Raises CannotWriteFile.
    """
    made = not path.exists()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as err:
        raise CannotWriteFile(path=str(path), why=err.strerror or str(err), option=option) from err
    try:
        yield descriptor
    finally:
        empty = os.fstat(descriptor).st_size == 0
        os.close(descriptor)
        if made and empty:
            path.unlink()


def say_json(document: Any) -> None:
    """One JSON document on stdout and nothing else."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))


def whoami() -> str:
    """Who runs the command, for the audit log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "command line"
