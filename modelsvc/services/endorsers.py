"""Run kind ``endorser``: training an endorser on endorsements."""

from collections.abc import Mapping
from typing import Any

from annotations.queries.records import (
    catalogue_endorsements,
    catalogue_items,
    catalogue_pairs,
    catalogue_viewers,
)
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import EndorserRunConfig
from modelsvc.services.resuming import resumed_or_anew


class NothingToTrainOnError(RuntimeError):
    """No endorsement of the named systems lies on a pair that may be trained on."""


def _on_step(run: RunContext, done_before: int, total: int, stage: str) -> Any:
    def report(step: int, steps: int, metrics: Mapping[str, float]) -> None:
        run.metrics(done_before + step, **metrics)
        run.progress(done_before + step, total, f"{stage}, step {step} of {steps}")

    return report


def train(run: RunContext) -> dict[str, Any]:
    """Stage 1 on the auxiliary tasks, stage 2 on the endorsements; the policy is artifact ``endorser``.

    SFT-Text (no embeddings) has no stage 1. Resumes from the last state in the scratch folder.
    """
    from modelsvc.core.collab.embeddings import Embeddings
    from modelsvc.core.endorser.checkpoint import save_endorser
    from modelsvc.core.endorser.config import EndorserConfig
    from modelsvc.core.endorser.pretrained import new_endorser
    from modelsvc.core.endorser.tasks import Endorsed
    from modelsvc.core.endorser.training import STAGE_1, STAGE_2, train_stage_1, train_stage_2

    config = run.config
    assert isinstance(config, EndorserRunConfig)
    assert run.catalogue_id is not None
    embeddings_artifact = run.input_artifact("embeddings", "embeddings")
    embeddings = Embeddings.load(run.input_folder("embeddings", "embeddings"))
    pairs = catalogue_pairs(run.catalogue_id, config.splits)
    contexts = contexts_of(pairs, embeddings)
    texts = catalogue_endorsements(run.catalogue_id, systems=config.systems, splits=config.splits)
    endorsed = [Endorsed(contexts[text.item_id, text.viewer_id], text.text) for text in texts]
    if not endorsed:
        raise NothingToTrainOnError(
            f"no endorsements of {', '.join(config.systems)} on {' or '.join(config.splits)} pairs"
        )
    run.progress(0, 1, "loading the pretrained model")
    endorser = new_endorser(
        EndorserConfig(
            base_model=config.base_model,
            embedding_size=embeddings.embedding_size,
            prefix_tokens=config.prefix_tokens,
            use_embeddings=config.use_embeddings,
            max_prompt_tokens=config.max_prompt_tokens,
            max_answer_tokens=config.max_answer_tokens,
        ),
        cache_dir=run.cache,
        seed=run.seed,
    )
    stage_1_steps = config.stage_1_steps if config.use_embeddings else 0
    total = stage_1_steps + config.steps
    result: dict[str, Any] = {"endorsements": len(endorsed)}
    if stage_1_steps:
        items, viewers = _auxiliary_texts(run.catalogue_id, embeddings)
        stage_1 = STAGE_1.model_copy(
            update={"steps": stage_1_steps, "batch_size": config.stage_1_batch_size, "seed": run.seed}
        )
        state = run.scratch / "stage_1"
        on_step = _on_step(run, 0, total, "stage 1")
        report = resumed_or_anew(
            run,
            state,
            lambda: train_stage_1(endorser, items, viewers, stage_1, on_step=on_step, state_folder=state),
        )
        result |= {"stage_1_nll_nats_per_token": report.final_loss, "stage_1_s": report.seconds}
        run.log(f"stage 1 ended at {report.final_loss:.3f} nats per token after {report.seconds:.0f} s")
    stage_2 = STAGE_2.model_copy(
        update={
            "steps": config.steps, "batch_size": config.batch_size, "seed": run.seed,
            "learning_rate": config.learning_rate, "weights": config.weights,
        }
    )  # fmt: skip
    last_state = run.scratch / "stage_2"
    told = _on_step(run, stage_1_steps, total, "stage 2" if stage_1_steps else "training")
    report = resumed_or_anew(
        run,
        last_state,
        lambda: train_stage_2(endorser, endorsed, stage_2, on_step=told, state_folder=last_state),
    )
    result |= {"nll_nats_per_token": report.final_loss, "stage_2_s": report.seconds}
    run.log(f"training ended at {report.final_loss:.3f} nats per token after {report.seconds:.0f} s")
    folder = run.scratch / "endorser"
    save_endorser(endorser, folder, data_sha256={"embeddings": embeddings_artifact.sha256})
    run.commit_artifact("endorser", folder, result)
    return result


def _auxiliary_texts(catalogue_id: int, embeddings: Any) -> tuple[list[Any], list[Any]]:
    """Stage 1's data: items with descriptions and viewers with profiles that have vectors."""
    from modelsvc.core.endorser.tasks import ItemText, ViewerText

    known_items, known_viewers = set(embeddings.item_ids), set(embeddings.viewer_ids)
    items = [
        ItemText(embeddings.item(item.external_id), item.title, item.description)
        for item in catalogue_items(catalogue_id)
        if item.description and item.external_id in known_items
    ]
    viewers = [
        ViewerText(embeddings.viewer(viewer.external_id), tuple(a.text for a in viewer.attributes))
        for viewer in catalogue_viewers(catalogue_id)
        if viewer.attributes and viewer.external_id in known_viewers
    ]
    return items, viewers
