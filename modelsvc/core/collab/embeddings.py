"""Collaborative-filtering embeddings of viewers and items, and their files. Source: sec. 2."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelsvc.core.collab.errors import EmbeddingsFileError, UnknownIdError

FORMAT_VERSION = 1


@dataclass(frozen=True)
class UtilityScale:
    """Mean and standard deviation of i·u over every viewer-item pair of the catalogue."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors whose dot product i·u estimates utility: r̂(u, i) = rating_mean + rating_scale · (i·u).

    Source: sec. 2. The vectors are never trained again.

    Args:
        viewer_ids: external ids, one per row of ``viewer_matrix``.
        item_ids: external ids, one per row of ``item_matrix``.
        viewer_matrix: float32 [U, D].
        item_matrix: float32 [N, D].
        rating_mean: mean training rating, in rating units.
        rating_scale: rating units per unit of i·u.

    Raises:
        ValueError: if shapes, types or ids do not fit together or a value is not finite.
    """

    viewer_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    viewer_matrix: NDArray[np.float32]
    item_matrix: NDArray[np.float32]
    rating_mean: float
    rating_scale: float
    _viewer_rows: dict[str, int] = field(init=False, repr=False)
    _item_rows: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for kind, ids, matrix in (
            ("viewer", self.viewer_ids, self.viewer_matrix),
            ("item", self.item_ids, self.item_matrix),
        ):
            if matrix.ndim != 2 or matrix.dtype != np.float32:
                raise ValueError(f"{kind}_matrix must be float32 [rows, D], is {matrix.dtype} {matrix.shape}")
            if len(ids) != matrix.shape[0]:
                raise ValueError(f"{len(ids)} {kind} ids for {matrix.shape[0]} rows of {kind}_matrix")
            if len(set(ids)) != len(ids):
                raise ValueError(f"{kind}_ids repeat an id")
            if not np.isfinite(matrix).all():
                raise ValueError(f"{kind}_matrix holds a value that is not finite")
        if self.viewer_matrix.shape[1] != self.item_matrix.shape[1]:
            raise ValueError(
                f"viewer vectors have width {self.viewer_matrix.shape[1]}, "
                f"item vectors {self.item_matrix.shape[1]}"
            )
        if not np.isfinite(self.rating_mean):
            raise ValueError(f"rating_mean {self.rating_mean} is not finite")
        if not (np.isfinite(self.rating_scale) and self.rating_scale > 0):
            raise ValueError(f"rating_scale {self.rating_scale} is not positive and finite")
        object.__setattr__(self, "_viewer_rows", {key: row for row, key in enumerate(self.viewer_ids)})
        object.__setattr__(self, "_item_rows", {key: row for row, key in enumerate(self.item_ids)})

    @property
    def embedding_size(self) -> int:
        """D, the width of the vectors."""
        return int(self.item_matrix.shape[1])

    def viewer(self, viewer_id: str) -> NDArray[np.float32]:
        """u, float32 [D]. Raises UnknownIdError for a viewer without ratings."""
        return np.asarray(self.viewer_matrix[self._row("viewer", self._viewer_rows, viewer_id)])

    def item(self, item_id: str) -> NDArray[np.float32]:
        """i, float32 [D]. Raises UnknownIdError for an item without ratings."""
        return np.asarray(self.item_matrix[self._row("item", self._item_rows, item_id)])

    def utility(self, viewer_id: str, item_id: str) -> float:
        """i·u, the estimated utility in units of ``rating_scale`` above ``rating_mean``."""
        return float(self.item(item_id) @ self.viewer(viewer_id))

    def predicted_rating(self, viewer_id: str, item_id: str) -> float:
        """rating_mean + rating_scale · (i·u), in rating units, not clipped to the rating range."""
        return self.rating_mean + self.rating_scale * self.utility(viewer_id, item_id)

    def ranked_items(self, viewer_id: str, count: int) -> list[str]:
        """The ids of the ``count`` items of highest utility to the viewer, best first."""
        scores = self.item_matrix @ self.viewer(viewer_id)
        return [self.item_ids[row] for row in np.argsort(-scores, kind="stable")[:count]]

    @cached_property
    def utility_scale(self) -> UtilityScale:
        """Mean and std of i·u over all U·N pairs, from second moments (no U×N matrix).

        E[i·u] = ī·ū and E[(i·u)²] = tr(E[uuᵀ] E[iiᵀ]).
        """
        viewers = self.viewer_matrix.astype(np.float64)
        items = self.item_matrix.astype(np.float64)
        mean = float(viewers.mean(axis=0) @ items.mean(axis=0))
        viewer_moment = viewers.T @ viewers / len(viewers)
        item_moment = items.T @ items / len(items)
        variance = float(np.sum(viewer_moment * item_moment)) - mean**2
        return UtilityScale(mean=mean, std=float(np.sqrt(max(variance, 0.0))))

    @staticmethod
    def _row(kind: str, rows: dict[str, int], external_id: str) -> int:
        try:
            return rows[external_id]
        except KeyError:
            raise UnknownIdError(kind, external_id) from None

    def save(self, folder: Path) -> None:
        """Write the two matrices (.npy), their ids and a header (.json) into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "viewers.npy", self.viewer_matrix, allow_pickle=False)
        np.save(folder / "items.npy", self.item_matrix, allow_pickle=False)
        (folder / "viewer_ids.json").write_text(json.dumps(self.viewer_ids), encoding="utf-8")
        (folder / "item_ids.json").write_text(json.dumps(self.item_ids), encoding="utf-8")
        scale = self.utility_scale
        header = {
            "format_version": FORMAT_VERSION,
            "embedding_size": self.embedding_size,
            "rating_mean": self.rating_mean,
            "rating_scale": self.rating_scale,
            "utility_mean": scale.mean,
            "utility_std": scale.std,
        }
        (folder / "embeddings.json").write_text(json.dumps(header, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Embeddings":
        """Read what ``save`` wrote.

        Raises:
            EmbeddingsFileError: naming the file that is missing or does not fit.
        """
        header = _read_json(folder / "embeddings.json")
        if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
            raise EmbeddingsFileError(f"{folder / 'embeddings.json'}: format_version is not {FORMAT_VERSION}")
        try:
            return cls(
                viewer_ids=_read_ids(folder / "viewer_ids.json"),
                item_ids=_read_ids(folder / "item_ids.json"),
                viewer_matrix=_read_matrix(folder / "viewers.npy"),
                item_matrix=_read_matrix(folder / "items.npy"),
                rating_mean=float(header["rating_mean"]),
                rating_scale=float(header["rating_scale"]),
            )
        except KeyError as error:
            raise EmbeddingsFileError(f"{folder / 'embeddings.json'}: field {error} is missing") from error
        except EmbeddingsFileError:
            raise
        except (ValueError, TypeError) as error:
            raise EmbeddingsFileError(f"{folder}: {error}") from error


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EmbeddingsFileError(f"{path}: file is missing") from error
    except ValueError as error:
        raise EmbeddingsFileError(f"{path}: not JSON ({error})") from error


def _read_ids(path: Path) -> tuple[str, ...]:
    ids = _read_json(path)
    if not isinstance(ids, Sequence) or isinstance(ids, str) or not all(isinstance(key, str) for key in ids):
        raise EmbeddingsFileError(f"{path}: must be a list of strings")
    return tuple(ids)


def _read_matrix(path: Path) -> NDArray[np.float32]:
    try:
        matrix: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise EmbeddingsFileError(f"{path}: file is missing") from error
    except (ValueError, EOFError) as error:
        raise EmbeddingsFileError(f"{path}: not a readable array ({error})") from error
    return matrix
