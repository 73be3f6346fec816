"""Run kind ``embeddings``: matrix factorization of a catalogue's ratings."""

import math
from typing import Any

from annotations.queries.records import locked_pairs, ratings_folder
from annotations.runs.context import RunContext
from modelsvc.configs import EmbeddingsConfig


def fit(run: RunContext) -> dict[str, Any]:
    """Fit, measure against the biases alone, and keep the vectors as artifact ``embeddings``."""
    from modelsvc.core.collab.matrix_factorization import MatrixFactorizationConfig, factorize
    from modelsvc.core.collab.ratings import read_ratings_parquet, rows_of_pairs

    config = run.config
    assert isinstance(config, EmbeddingsConfig)
    assert run.catalogue_id is not None
    run.progress(0, 2, "reading ratings")
    ratings = read_ratings_parquet(ratings_folder(run.catalogue_id))
    locked = rows_of_pairs(ratings, locked_pairs(run.catalogue_id))
    if locked.any():
        run.log(f"{int(locked.sum())} ratings of locked test pairs are left out")
        ratings = ratings.select(~locked)
    run.progress(1, 2, f"factorizing {len(ratings):,} ratings")
    fitted = factorize(ratings, MatrixFactorizationConfig(**config.model_dump(), seed=run.seed))
    folder = run.scratch / "embeddings"
    fitted.embeddings.save(folder)
    # JSON knows no NaN: without held-out ratings there is no RMSE.
    known = {name: value for name, value in fitted.metrics.items() if math.isfinite(value)}
    run.metrics(1, **known)
    if "rmse" in known:
        run.log(f"held-out RMSE {known['rmse']:.4f}, biases alone {known['rmse_bias']:.4f}")
    else:
        run.log("no ratings were held out: no RMSE")
    run.commit_artifact("embeddings", folder, known)
    run.progress(2, 2, "done")
    return {name: known.get(name) for name in fitted.metrics}
