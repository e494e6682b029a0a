"""Evidence, kept by content: the SHA-256 of some bytes names them, they never change and are never overwritten.

A blob is durable before any row names it (reliability.md 3.5): bytes go to a temporary file in the same
folder, the file is synced, renamed, and the folder synced. What a crash leaves behind is only `*.tmp`.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol

from models.errors import IntegrityFailed, KaiyueError, NotFound, mark_text

_READ_ONLY = 0o440


class StoreFull(KaiyueError):
    """The disk refused to take more."""

    code = "blobs.store_full"
    sentence = mark_text("The data folder {where} takes no more: {why}.")
    remedy = mark_text("Free some space and start again; nothing that was saved is lost.")
    exit_code = 3
    http_status = 507


class BlobStore(Protocol):
    """Where evidence is kept."""

    def put(self, data: bytes, *, sync: bool = True) -> str:
        """Keep the bytes and answer their SHA-256 in hex. With `sync` they survive a power cut."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes under a key. Raises NotFound, or IntegrityFailed where they no longer match it."""
        ...

    def has(self, key: str) -> bool:
        """Whether the key is kept here."""
        ...

    def sync(self) -> None:
        """Make everything put with ``sync=False`` durable; call it before the rows that name it are committed."""
        ...


class FolderBlobs:
    """Blobs in a folder of the local disk: ``ab/cd/abcd….`` two levels deep."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unsynced: set[Path] = set()
        root.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the bytes of a key lie. Raises NotFound for anything that is not a SHA-256."""
        if len(key) != 64 or not all(letter in "0123456789abcdef" for letter in key):
            raise NotFound(what="blob", name=key)
        return self.root / key[:2] / key[2:4] / key

    def put(self, data: bytes, *, sync: bool = True) -> str:
        """Keep the bytes; a file that is already there is compared by hash before it is trusted."""
        key = hashlib.sha256(data).hexdigest()
        path = self.path(key)
        if path.exists():
            if path.stat().st_size == len(data) and hashlib.sha256(path.read_bytes()).hexdigest() == key:
                return key
            path.chmod(0o640)  # a torn or rotten copy: the good bytes are at hand, so they replace it
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, data, sync=sync)
        except OSError as err:
            raise StoreFull(where=str(self.root), why=err.strerror or str(err)) from err
        return key

    def _write(self, path: Path, data: bytes, *, sync: bool) -> None:
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            temporary.chmod(_READ_ONLY)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        if sync:
            self._sync_folders(path.parent)
        else:
            self._unsynced.add(path)

    def sync(self) -> None:
        """Sync what was put without it: every file, then each folder once."""
        waiting, self._unsynced = self._unsynced, set()
        for path in waiting:
            # opened for reading only: the files are read-only, and a sync needs no more
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            try:
                if os.name != "nt":  # Windows syncs only handles opened for writing; there the rename is journalled
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        for folder in {path.parent for path in waiting}:
            self._sync_folders(folder)

    def _sync_folders(self, folder: Path) -> None:
        if os.name == "nt":  # folders cannot be opened there; the file system keeps the order of its journal
            return
        for each in (folder, folder.parent, self.root):
            descriptor = os.open(each, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def get(self, key: str) -> bytes:
        """The bytes, checked against their name."""
        try:
            data = self.path(key).read_bytes()
        except FileNotFoundError as err:
            raise NotFound(what="blob", name=key) from err
        if hashlib.sha256(data).hexdigest() != key:
            raise IntegrityFailed(what=f"blob {key} has changed on the disk")
        return data

    def has(self, key: str) -> bool:
        """Whether a file of this name is there; `get` checks what is in it."""
        return self.path(key).exists()
