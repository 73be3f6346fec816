"""Collaborative filtering: viewers and items as vectors. Source: sec. 2.

The factorization itself (lenskit, pandas) is imported from its own module, so that reading
embeddings stays light.
"""

from modelsvc.core.collab.embeddings import Embeddings, UtilityScale
from modelsvc.core.collab.errors import EmbeddingsFileError, RatingsError, UnknownIdError
from modelsvc.core.collab.ratings import Ratings, ratings_from_columns, read_ratings_parquet

__all__ = [
    "Embeddings",
    "EmbeddingsFileError",
    "Ratings",
    "RatingsError",
    "UnknownIdError",
    "UtilityScale",
    "ratings_from_columns",
    "read_ratings_parquet",
]
