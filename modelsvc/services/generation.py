"""Run kind ``generate``: endorsements sampled from a trained endorser or a fine-tuned policy."""

from typing import Any

from annotations.queries.records import (
    EndorsementRecord,
    PairRecord,
    catalogue_endorsements,
    catalogue_pairs,
)
from annotations.runs.context import RunContext
from annotations.services.run_endorsements import NewEndorsement, record_endorsements
from annotations.services.systems import save_system
from modelsvc.bridge import contexts_of
from modelsvc.configs import GenerateConfig
from modelsvc.services.policy_records import Sampling, record_policy
from modelsvc.services.vectors import shared_embeddings

NO_TEXT = "(no text)"
"""Stands where a policy ended before its first word; an endorsement is never empty."""


class NothingToWriteError(RuntimeError):
    """There is no pair that a text could be written for."""


def generate(run: RunContext) -> dict[str, Any]:
    """One text for every pair of the splits that the system has none for; quality guards are reported.

    Needs the input ``policy`` (an endorser or policy run) and ``embeddings``. A resumed run samples
    what it would have, and its result is over all of its texts.
    """
    from modelsvc.core.endorser.checkpoint import load_endorser
    from modelsvc.core.endorser.config import GenerationSettings

    config = run.config
    assert isinstance(config, GenerateConfig)
    assert run.catalogue_id is not None
    pairs = catalogue_pairs(run.catalogue_id, config.splits)[: config.limit]
    if not pairs:
        raise NothingToWriteError(f"the catalogue has no {' or '.join(config.splits)} pairs")
    embeddings = shared_embeddings(run, "policy")
    contexts = contexts_of(pairs, embeddings)
    run.progress(0, len(pairs), "loading the endorser")
    artifact = run.input_artifact("policy", "endorser")
    endorser = load_endorser(run.input_folder("policy", "endorser"))
    sampling: Sampling = {
        "temperature": config.temperature,
        "top_p": config.top_p,
        "max_new_tokens": config.max_new_tokens,
    }
    with run.writing():
        system_id = save_system(
            catalogue_id=run.catalogue_id,
            name=config.system,
            title=config.title,
            kind=config.kind,
            run_id=run.run_id,
            description=f"Sampled at temperature {config.temperature:g}, top-p {config.top_p:g}.",
        )
        record_policy(
            system_id=system_id,
            artifact_id=artifact.pk,
            artifact_sha256=artifact.sha256,
            base_model=endorser.config.base_model,
            uses_embeddings=endorser.config.use_embeddings,
            sampling=sampling,
        )
    written = _texts(run, config)
    settings = GenerationSettings(batch_size=config.batch_size, **sampling)
    # Batches are cut by place in the whole list, so that a resumed run samples what it would have.
    for start in range(0, len(pairs), config.batch_size):
        part = pairs[start : start + config.batch_size]
        if all((pair.item.id, pair.viewer.id) in written for pair in part):
            continue
        samples = endorser.generate(
            [contexts[pair.item.id, pair.viewer.id] for pair in part], settings, seed=run.seed + start
        )
        cleaned = [clean_text(text) for text in samples.texts]
        new = [
            NewEndorsement(
                pair.item.id,
                pair.viewer.id,
                text or NO_TEXT,
                metadata={"truncated": truncated, "empty": not text},
            )
            for pair, text, truncated in zip(part, cleaned, samples.truncated.tolist(), strict=True)
            if (pair.item.id, pair.viewer.id) not in written
        ]
        with run.writing():
            record_endorsements(system_id=system_id, endorsements=new, run_id=run.run_id)
        run.sample(cleaned[0], item=part[0].item.title, viewer=part[0].viewer.external_id)
        run.progress(min(start + config.batch_size, len(pairs)), len(pairs), f"{len(new)} texts")
    return _result(run, config, pairs)


def clean_text(text: str) -> str:
    """One line without control characters, which PostgreSQL and pages cannot hold; may be empty."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _texts(run: RunContext, config: GenerateConfig) -> dict[tuple[int, int], EndorsementRecord]:
    assert run.catalogue_id is not None
    texts = catalogue_endorsements(run.catalogue_id, systems=[config.system], splits=config.splits)
    return {(text.item_id, text.viewer_id): text for text in texts if text.sample == 0}


def _result(run: RunContext, config: GenerateConfig, pairs: list[PairRecord]) -> dict[str, Any]:
    """Counts and guards over the texts that this run wrote, in whichever of its attempts."""
    from modelsvc.core.endorser.text_guards import check_text, summarize_guards

    written = _texts(run, config)
    own = [
        (pair, text) for pair in pairs if (text := written[pair.item.id, pair.viewer.id]).run_id == run.run_id
    ]
    truncated = sum(bool(text.metadata["truncated"]) for _, text in own)
    result: dict[str, Any] = {
        "endorsements": len(own),
        "there_before": len(pairs) - len(own),
        "truncated": truncated,
    }
    if own:
        texts = ["" if text.metadata["empty"] else text.text for _, text in own]
        checks = [
            check_text(
                shown,
                title=pair.item.title,
                description=pair.item.description,
                profile=[attribute.text for attribute in pair.viewer.attributes],
                truncated=bool(text.metadata["truncated"]),
            )
            for (pair, text), shown in zip(own, texts, strict=True)
        ]
        result["guards"] = summarize_guards(checks, texts).as_dict()
    return result
