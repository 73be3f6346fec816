"""Where artifacts live: content-addressed folders in a local directory or any fsspec store."""

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec
from django.conf import settings

CHUNK_BYTES = 1 << 20


class ArtifactDamagedError(RuntimeError):
    """A stored file is missing or does not have the recorded hash."""


@dataclass(frozen=True)
class StoredFolder:
    """What was stored: the folder's hash, its files, and their total size."""

    sha256: str
    files: list[dict[str, str | int]]
    size_bytes: int


def scratch_folder(run_id: int) -> Path:
    """Where a run keeps what survives a crash, on this machine only."""
    return Path(settings.SCRATCH_DIR) / "runs" / str(run_id)


def discard_scratch(run_id: int) -> None:
    """Remove the run's scratch folder: a training state takes gigabytes."""
    shutil.rmtree(scratch_folder(run_id), ignore_errors=True)


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def describe_folder(folder: Path) -> StoredFolder:
    """Hash every file below ``folder``; the folder's hash is over the sorted list of paths and hashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise ValueError(f"an artifact needs at least one file: {folder.name} is empty")
    files: list[dict[str, str | int]] = [
        {
            "path": PurePosixPath(path.relative_to(folder)).as_posix(),
            "sha256": file_sha256(path),
            "bytes": path.stat().st_size,
        }
        for path in paths
    ]
    canonical = json.dumps(files, sort_keys=True, separators=(",", ":")).encode()
    return StoredFolder(
        hashlib.sha256(canonical).hexdigest(), files, sum(path.stat().st_size for path in paths)
    )


def _address(sha256: str) -> str:
    return f"{settings.ARTIFACTS_URL.rstrip('/')}/{sha256[:2]}/{sha256}"


def _is_local() -> bool:
    return "://" not in settings.ARTIFACTS_URL


def store_folder(folder: Path) -> StoredFolder:
    """Copy ``folder`` into the store under its hash; the same contents again cost only the hashing."""
    stored = describe_folder(folder)
    target = _address(stored.sha256)
    if _is_local():
        final = Path(target)
        if not final.exists():
            partial = final.with_name(f"{final.name}.{uuid.uuid4().hex}.partial")
            partial.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copytree(folder, partial)
                os.rename(partial, final)
            except OSError:
                # A full disk must not stay full of half a copy.
                shutil.rmtree(partial, ignore_errors=True)
                if not final.exists():
                    raise
        return stored
    filesystem, root = fsspec.core.url_to_fs(target)
    # The listing is written last: an upload that was cut off has none and is done again.
    if not filesystem.exists(f"{root}/.complete"):
        filesystem.put(f"{folder}/", f"{root}/", recursive=True)
        filesystem.pipe_file(f"{root}/.complete", json.dumps(stored.files).encode())
    return stored


def open_folder(sha256: str, files: list[dict[str, str | int]]) -> Path:
    """Return a local folder holding the artifact, fetched and checked if the store is remote.

    Raises:
        ArtifactDamagedError: if a file is missing or, on fetching, has another hash.
    """
    if _is_local():
        folder = Path(_address(sha256))
    else:
        folder = Path(settings.SCRATCH_DIR) / "fetched" / sha256
        if not folder.exists():
            filesystem, root = fsspec.core.url_to_fs(_address(sha256))
            partial = folder.with_name(f"{sha256}.{uuid.uuid4().hex}.partial")
            try:
                for entry in files:
                    target = partial / str(entry["path"])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    filesystem.get_file(f"{root}/{entry['path']}", str(target))
                    if file_sha256(target) != entry["sha256"]:
                        raise ArtifactDamagedError(
                            f"{entry['path']} of artifact {sha256[:12]} has another hash"
                        )
                os.rename(partial, folder)
            except (OSError, ArtifactDamagedError):
                shutil.rmtree(partial, ignore_errors=True)
                if not folder.exists():
                    raise
    for entry in files:
        if not (folder / str(entry["path"])).is_file():
            raise ArtifactDamagedError(f"{entry['path']} of artifact {sha256[:12]} is missing")
    return folder
