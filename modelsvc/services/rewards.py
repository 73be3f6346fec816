"""Run kind ``rewards``: Prec, App, Pcov and Ppr from a snapshot of preference labels."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from annotations.queries.records import catalogue_items, catalogue_pairs
from annotations.queries.snapshots import SnapshotLabel, read_snapshot
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import RewardsConfig
from modelsvc.core.endorser.context import Context

if TYPE_CHECKING:
    from modelsvc.core.rewards import RewardModels

PRECISION_PAIR_MARGIN = 0.75
"""A precision label at least this sure counts as one right and one wrong text when Prec is validated."""


def train(run: RunContext) -> dict[str, Any]:
    """Train the four models; artifact ``rewards`` also holds calibration and held-out accuracy."""
    from modelsvc.core.collab.embeddings import Embeddings
    from modelsvc.core.rewards import (
        AppConfig,
        DescriptionVectors,
        HuggingFaceNli,
        ItemText,
        NliTrainingConfig,
        PairTrainingConfig,
        PcovConfig,
        PprConfig,
        PrecisionModel,
        RewardModels,
        TextEncoder,
        load_encoder,
        load_minilm,
        tiny_random_encoder,
        train_app,
        train_entailment,
        train_pcov,
        train_ppr,
    )
    from modelsvc.core.rewards.records import CoverageTarget, PreferencePair

    config = run.config
    assert isinstance(config, RewardsConfig)
    assert run.catalogue_id is not None
    embeddings = Embeddings.load(run.input_folder("embeddings", "embeddings"))
    labels = read_snapshot(run.input_folder("snapshot", "labels"))
    by_rows = contexts_of(catalogue_pairs(run.catalogue_id, ("train", "collect")), embeddings)
    contexts: dict[tuple[str, str], Context] = {
        (context.item_id, context.viewer_id): context for context in by_rows.values()
    }

    def pairs(criterion: str) -> list[PreferencePair]:
        return [
            PreferencePair(
                contexts[label.item, label.viewer], label.text, label.other_text, label.value, label.weight
            )
            for label in labels
            if label.criterion == criterion and label.other_text is not None
        ]

    targets = [
        CoverageTarget(contexts[label.item, label.viewer], label.text, label.value)
        for label in labels
        if label.criterion == "coverage" and label.other_text is None
    ]
    counts = {name: len(pairs(name)) for name in ("appeal", "coverage", "prioritization", "precision")}
    counts["coverage_shares"] = len(targets)
    run.log(f"labels: {', '.join(f'{count} {name}' for name, count in counts.items())}")

    def load() -> TextEncoder:
        if config.encoder == "minilm":
            return load_minilm()
        return tiny_random_encoder() if config.encoder == "tiny" else load_encoder(config.encoder)

    items = [ItemText(i.external_id, i.title, i.description) for i in catalogue_items(run.catalogue_id)]
    training = PairTrainingConfig(
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=run.seed,
    )
    total = 4 * 100

    def on_step(name: str, place: int) -> Callable[..., None]:
        def report(step: int, steps: int, metrics: Mapping[str, float]) -> None:
            done = place * 100 + round(100 * step / steps)
            run.metrics(place * 10_000 + step, **{f"{name}_{key}": value for key, value in metrics.items()})
            run.progress(done, total, f"{name}: step {step} of {steps}")

        return report

    run.progress(0, total, "loading the encoder")
    if config.nli_model is None:
        trained = train_entailment(
            items,
            load(),
            NliTrainingConfig(steps=config.nli_steps, seed=run.seed),
            callback=on_step("prec", 0),
        )
        entailment, prec_metrics = trained.model, trained.metrics
    else:
        entailment, prec_metrics = HuggingFaceNli(config.nli_model), {"model": config.nli_model}
    descriptions = DescriptionVectors(load())
    app = train_app(
        pairs("appeal"), load(), descriptions, AppConfig(training=training), callback=on_step("app", 1)
    )
    pcov = train_pcov(
        pairs("coverage"), targets, load(), descriptions, PcovConfig(training=training),
        callback=on_step("pcov", 2),
    )  # fmt: skip
    scale = embeddings.utility_scale
    ppr = train_ppr(
        pairs("prioritization"), load(), descriptions, utility_mean=scale.mean, utility_std=scale.std,
        config=PprConfig(training=training), callback=on_step("ppr", 3),
    )  # fmt: skip
    models = RewardModels(
        PrecisionModel(entailment),
        app.model,
        pcov.model,
        ppr.model,
        metrics={"prec": prec_metrics, "app": app.metrics, "pcov": pcov.metrics, "ppr": ppr.metrics},
    )
    folder = run.scratch / "rewards"
    models.save(folder)
    result = {
        "labels": counts,
        "metrics": models.metrics,
        "precision_pairs": _precision_pairs(models, labels, contexts),
    }
    run.commit_artifact("rewards", folder, result)
    run.progress(total, total, "done")
    return result


def _precision_pairs(
    models: "RewardModels", labels: list[SnapshotLabel], contexts: Mapping[tuple[str, str], Context]
) -> dict[str, Any]:
    """How often Prec agrees with sure precision labels; these labels are not trained on."""
    sure = [
        label
        for label in labels
        if label.criterion == "precision"
        and label.other_text is not None
        and max(label.value, 1 - label.value) >= PRECISION_PAIR_MARGIN
    ]
    if not sure:
        return {"pairs": 0, "accuracy": None, "reason": "no sure precision labels in the snapshot"}
    places = [contexts[label.item, label.viewer] for label in sure]
    first = models.prec.score(places, [label.text for label in sure])[0]
    second = models.prec.score(places, [label.other_text or "" for label in sure])[0]
    right = sum(
        float((a > b) == (label.value > 0.5)) if a != b else 0.5
        for a, b, label in zip(first.tolist(), second.tolist(), sure, strict=True)
    )
    return {"pairs": len(sure), "accuracy": right / len(sure)}
