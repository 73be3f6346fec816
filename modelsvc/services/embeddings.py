"""Run kind ``embeddings``: matrix factorization of a catalogue's ratings."""

from typing import Any

from annotations.queries.records import ratings_folder
from annotations.runs.context import RunContext
from modelsvc.configs import EmbeddingsConfig


def fit(run: RunContext) -> dict[str, Any]:
    """Fit, measure against the biases alone, and keep the vectors as artifact ``embeddings``."""
    from modelsvc.core.collab.matrix_factorization import MatrixFactorizationConfig, factorize
    from modelsvc.core.collab.ratings import read_ratings_parquet

    config = run.config
    assert isinstance(config, EmbeddingsConfig)
    assert run.catalogue_id is not None
    run.progress(0, 2, "reading ratings")
    ratings = read_ratings_parquet(ratings_folder(run.catalogue_id))
    run.progress(1, 2, f"factorizing {len(ratings):,} ratings")
    fitted = factorize(ratings, MatrixFactorizationConfig(**config.model_dump(), seed=run.seed))
    folder = run.scratch / "embeddings"
    fitted.embeddings.save(folder)
    run.metrics(1, **fitted.metrics)
    run.log(f"held-out RMSE {fitted.metrics['rmse']:.4f}, biases alone {fitted.metrics['rmse_bias']:.4f}")
    run.commit_artifact("embeddings", folder, fitted.metrics)
    run.progress(2, 2, "done")
    return fitted.metrics
