"""Run kind ``rewards``: Prec, App, Pcov and Ppr from a snapshot of preference labels."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotations.queries.records import catalogue_items, catalogue_pairs
from annotations.queries.snapshots import SnapshotLabel, read_snapshot
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import RewardsConfig
from modelsvc.core.endorser.context import Context

if TYPE_CHECKING:
    from modelsvc.core.rewards import RewardModels
    from modelsvc.core.rewards.records import PreferencePair

PRECISION_PAIR_MARGIN = 0.75
"""A precision label at least this sure counts as one right and one wrong text when Prec is validated."""

NEEDED = {"appeal": "App", "coverage": "Pcov", "prioritization": "Ppr"}
"""The criteria without whose labels a model cannot be trained."""


class NothingToLearnFromError(RuntimeError):
    """The snapshot has no labels of a criterion that a reward model is trained on."""


class UnknownPairError(LookupError):
    """A label is about a viewer–item pair that is in no split that may train."""


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
        examples_from_precision_pairs,
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
    _refuse_unknown_pairs(labels, contexts)

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

    missing = [
        f"{criterion} ({model})"
        for criterion, model in NEEDED.items()
        if not any(label.criterion == criterion for label in labels)
        or (criterion != "coverage" and not counts[criterion])
    ]
    if missing:
        raise NothingToLearnFromError(f"the snapshot has no labels of {', '.join(missing)}")
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
    # One for all: it stays frozen, and each scorer trains its own copy of the top layers.
    if config.encoder == "minilm":
        encoder = load_minilm()
    else:
        encoder = tiny_random_encoder() if config.encoder == "tiny" else load_encoder(Path(config.encoder))
    unseen: frozenset[str] | None = None
    if config.nli_model is None:
        trained = train_entailment(
            items,
            encoder,
            NliTrainingConfig(steps=config.nli_steps, seed=run.seed),
            extra_examples=examples_from_precision_pairs(pairs("precision"), seed=run.seed),
            callback=on_step("prec", 0),
        )
        entailment, prec_metrics, unseen = trained.model, trained.metrics, trained.held_out
    else:
        entailment, prec_metrics = HuggingFaceNli(Path(config.nli_model)), {"model": config.nli_model}
    descriptions = DescriptionVectors(encoder)
    app = train_app(
        pairs("appeal"), encoder, descriptions, AppConfig(training=training), callback=on_step("app", 1)
    )
    pcov = train_pcov(
        pairs("coverage"), targets, encoder, descriptions, PcovConfig(training=training),
        callback=on_step("pcov", 2),
    )  # fmt: skip
    scale = embeddings.utility_scale
    ppr = train_ppr(
        pairs("prioritization"), encoder, descriptions, utility_mean=scale.mean, utility_std=scale.std,
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
        "precision_pairs": _precision_pairs(models, pairs("precision"), unseen),
    }
    run.commit_artifact("rewards", folder, result)
    run.progress(total, total, "done")
    return result


def _refuse_unknown_pairs(labels: list[SnapshotLabel], known: Collection[tuple[str, str]]) -> None:
    for label in labels:
        if (label.item, label.viewer) not in known:
            raise UnknownPairError(
                f"a {label.criterion} label by {label.labeller} is about viewer {label.viewer!r} and item "
                f"{label.item!r}, which are no train or collect pair of this catalogue"
            )


def _precision_pairs(
    models: "RewardModels", pairs: "list[PreferencePair]", unseen: frozenset[str] | None
) -> dict[str, Any]:
    """How often Prec agrees with sure precision labels of items that it was not trained on (None: any)."""
    sure = [
        pair
        for pair in pairs
        if max(pair.p_first, 1 - pair.p_first) >= PRECISION_PAIR_MARGIN
        and (unseen is None or pair.context.item_id in unseen)
    ]
    if not sure:
        reason = "no sure precision labels of items that Prec was not trained on"
        return {"pairs": 0, "accuracy": None, "reason": reason}
    places = [pair.context for pair in sure]
    # Logits: probabilities near 1 are equal in float32.
    first = models.prec.score(places, [pair.first_text for pair in sure])[1]
    second = models.prec.score(places, [pair.second_text for pair in sure])[1]
    right = sum(
        float((a > b) == (pair.p_first > 0.5)) if a != b else 0.5
        for a, b, pair in zip(first.tolist(), second.tolist(), sure, strict=True)
    )
    return {"pairs": len(sure), "accuracy": right / len(sure)}
