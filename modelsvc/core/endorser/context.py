"""What an endorsement is conditioned on: c = (I, i, u), Source: App. D."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Context:
    """One item and one viewer, as text and as collaborative-filtering vectors.

    ``item_vector`` and ``viewer_vector`` are float32 of shape [D] and are never trained.
    ``profile`` holds the viewer's attributes as sentences; only text-only systems
    (prompted teacher, SFT-Text) and labellers may read it.
    """

    item_id: str
    viewer_id: str
    item_title: str
    item_description: str
    item_vector: NDArray[np.float32]
    viewer_vector: NDArray[np.float32]
    profile: tuple[str, ...] = ()

    @property
    def utility(self) -> float:
        """The estimated utility i·u, in the embedding's own units. Source: sec. 2."""
        return float(self.item_vector @ self.viewer_vector)
