"""Where an import reads from: a folder or a zip, file by file, never unpacked and never held whole."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TextIO

from annotations.imports.faults import ImportFileError

CHUNK_BYTES = 1 << 20


@dataclass
class OpenFile:
    """A text file being read, with how far the reading is."""

    text: TextIO
    raw: BinaryIO
    size_bytes: int

    @property
    def bytes_read(self) -> int:
        return min(self.raw.tell(), self.size_bytes)


class Source:
    """The files of one import, by name. In a zip, or where everything lies in one subfolder, the
    shallowest file of that name is meant."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._members: dict[str, str] = {}
        try:
            if path.is_dir():
                found = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
            elif not path.exists():
                raise ImportFileError(f"{path}: there is no such file or folder")
            elif zipfile.is_zipfile(path):
                self._zip = zipfile.ZipFile(path)
                found = [info.filename for info in self._zip.infolist() if not info.is_dir()]
            else:
                raise ImportFileError(f"{path}: expected a folder or a zip file")
        except (OSError, zipfile.BadZipFile) as error:
            raise ImportFileError(f"{path}: cannot be read: {error}") from None
        for name in sorted(found, key=lambda name: (name.count("/"), name)):
            if "__MACOSX" not in name and not PurePosixPath(name).name.startswith("."):
                self._members.setdefault(PurePosixPath(name).name, name)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        return sorted(self._members)

    def require(self, name: str) -> None:
        """Raises:
        ImportFileError: if there is no such file, with those there are.
        """
        if name not in self:
            there = ", ".join(self.names()[:12]) or "no files"
            raise ImportFileError(f"{self.path}: has no {name} (there: {there})")

    @contextmanager
    def open_text(self, name: str, *, encoding: str = "utf-8-sig") -> Iterator[OpenFile]:
        """Open one file for reading. Undecodable bytes become lone surrogates, which row readers report.

        Raises:
            ImportFileError: if it is missing, or breaks off while it is read.
        """
        self.require(name)
        try:
            with self._open_binary(name) as (raw, size_bytes):
                text = io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")
                yield OpenFile(text, raw, size_bytes)
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
        ) as error:
            # RuntimeError and NotImplementedError are zipfile's for passwords and unknown compression.
            if type(error) in (RuntimeError, NotImplementedError) and self._zip is None:
                raise
            raise ImportFileError(f"{self.path}: {name} cannot be read: {error}") from error

    @contextmanager
    def _open_binary(self, name: str) -> Iterator[tuple[BinaryIO, int]]:
        member = self._members[name]
        if self._zip is None:
            path = self.path / member
            with path.open("rb") as raw:
                yield raw, path.stat().st_size
        else:
            with self._zip.open(member) as raw:
                yield raw, self._zip.getinfo(member).file_size  # type: ignore[misc]

    def sha256(self, names: list[str]) -> dict[str, str]:
        """The hash of each named file, for the run's record of its inputs."""
        hashes = {}
        for name in names:
            if name not in self:
                continue
            digest = hashlib.sha256()
            with self._open_binary(name) as (raw, _):
                while chunk := raw.read(CHUNK_BYTES):
                    digest.update(chunk)
            hashes[name] = digest.hexdigest()
        return hashes


def single_file(path: Path) -> tuple[Source, str]:
    """A source for one CSV or JSONL file that the user named.

    Raises:
        ImportFileError: if it is not a file.
    """
    if path.is_dir() or not path.exists():
        raise ImportFileError(f"{path}: there is no such file")
    source = Source.__new__(Source)
    source.path, source._zip, source._members = path.parent, None, {path.name: path.name}
    return source, path.name
