"""The embeddings that a run is given, held against those that its other inputs were trained with."""

from typing import TYPE_CHECKING

from annotations.runs.context import RunContext

if TYPE_CHECKING:
    from modelsvc.core.collab.embeddings import Embeddings


class OtherVectorsError(ValueError):
    """A model was trained with other embeddings: to it these vectors would mean nothing."""


def shared_embeddings(run: RunContext, *trained_roles: str) -> "Embeddings":
    """The run's input ``embeddings``.

    Raises:
        OtherVectorsError: if the run given under one of ``trained_roles`` was trained with others.
    """
    from modelsvc.core.collab.embeddings import Embeddings

    given = run.input_artifact("embeddings", "embeddings")
    for role in trained_roles:
        source = run.input_run(role)
        used = run.artifact_used_by(role, "embeddings", "embeddings")
        if used is not None and used.sha256 != given.sha256:
            raise OtherVectorsError(
                f"input {role!r}, run {source.pk} ({source.name}), was trained with the embeddings of run "
                f"{used.run_id}, not of run {given.run_id}"
            )
    return Embeddings.load(run.input_folder("embeddings", "embeddings"))
