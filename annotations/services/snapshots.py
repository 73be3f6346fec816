"""Freezing preference labels into a snapshot: an immutable, hashed set that a training run cites.

Run kind ``snapshot``. Nothing about a locked test pair, and no label of a study whose purpose is to
evaluate, is ever let in. Source: METHOD 1 and 6.
"""

import hashlib
from collections import Counter
from typing import Annotated, Any, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from annotations.models import PreferenceLabel, Purpose, RunInput, Snapshot, Split, Study
from annotations.queries.snapshots import LABELS_FILE, snapshot_labels, with_split
from annotations.runs.context import RunContext
from annotations.services.labels import make_labels

Source = Literal["human", "bot", "ai"]
Criterion = Literal["precision", "appeal", "coverage", "prioritization", "overall"]
_SHOWN = 5


class SnapshotRefusedError(ValueError):
    """The selection holds what must not train, or nothing; or the name is taken by other labels."""


class SnapshotConfig(BaseModel):
    """Which labels to freeze."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(
        None, pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$", description="by default labels- and the run's number"
    )
    sources: tuple[Source, ...] = Field(
        ("human", "ai"), min_length=1, description="who labelled; bots only when asked for"
    )
    criteria: tuple[Criterion, ...] = Field(
        ("precision", "appeal", "coverage", "prioritization", "overall"), min_length=1
    )
    studies: tuple[str, ...] | None = Field(
        None, description="names; by default every study of the catalogue whose purpose is to collect"
    )
    source_weights: dict[Source, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="weight of one vote in a loss; 1 where not given"
    )


def execute(run: RunContext) -> dict[str, Any]:
    """The executor: raters' labels are made anew from the judgments there are, then all is frozen.

    AI labels are those of the labelling runs given as inputs; without such an input, all of the catalogue.
    """
    config = run.config
    assert isinstance(config, SnapshotConfig)
    snapshot = freeze_snapshot(run=run, config=config)
    run.log(f"snapshot {snapshot.name}: {snapshot.counts['labels']} labels, sha256 {snapshot.sha256}")
    return {"snapshot": snapshot.name, "sha256": snapshot.sha256, "counts": snapshot.counts}


def freeze_snapshot(*, run: RunContext, config: SnapshotConfig) -> Snapshot:
    """Freeze the selected labels of the run's catalogue as the run's artifact ``labels``.

    A run that is resumed after it froze its labels gets that snapshot back.

    Raises:
        SnapshotRefusedError: a study that evaluates was named, a label is about a locked test pair, nothing
            was selected, or another snapshot has the name.
    """
    frozen = Snapshot.objects.filter(artifact__run_id=run.run_id).first()
    if frozen is not None:
        return frozen
    if run.catalogue_id is None:
        raise SnapshotRefusedError("a snapshot needs a catalogue: the run was started without one")
    studies = _studies(run.catalogue_id, config.studies)
    for place, study in enumerate(studies):
        run.progress(place, len(studies) + 1, f"labels of {study.name}")
        make_labels(study_id=study.pk)
    ai_runs = list(
        RunInput.objects.filter(run_id=run.run_id, source__kind="ai_labels").values_list(
            "source_id", flat=True
        )
    )
    selection = config.model_dump(mode="json") | {
        "studies": [study.name for study in studies],
        "ai_runs": ai_runs or None,
    }
    chosen = _chosen(run.catalogue_id, config, studies, ai_runs)
    _refuse_what_must_not_train(chosen)
    labels = list(snapshot_labels(chosen, config.source_weights))
    if not labels:
        raise SnapshotRefusedError("the selection holds no labels")
    counts: dict[str, Any] = {"labels": len(labels)}
    for (criterion, source), count in sorted(Counter((row.criterion, row.source) for row in labels).items()):
        counts.setdefault(criterion, {})[source] = count

    content = "".join(sorted(label.as_line() for label in labels)).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    name = config.name or f"labels-{run.run_id}"
    folder = run.scratch / "labels"
    folder.mkdir(exist_ok=True)
    (folder / LABELS_FILE).write_bytes(content)
    with transaction.atomic():
        artifact = run.commit_artifact("labels", folder, {"sha256": sha256, "counts": counts})
        if Snapshot.objects.filter(name=name).exists():
            raise SnapshotRefusedError(
                f"there is a snapshot {name!r} already; snapshots are never replaced, choose another name"
            )
        return Snapshot.objects.create(
            catalogue_id=run.catalogue_id,
            name=name,
            sha256=sha256,
            artifact=artifact,
            selection=selection,
            counts=counts,
        )


def _studies(catalogue_id: int, names: tuple[str, ...] | None) -> list[Study]:
    launched = (
        Study.objects.filter(catalogue_id=catalogue_id).exclude(status=Study.Status.DRAFT).order_by("name")
    )
    if names is None:
        return list(launched.filter(purpose=Purpose.COLLECT))
    found = {study.name: study for study in launched.filter(name__in=names)}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise SnapshotRefusedError(f"studies: the catalogue has no launched study {unknown[0]!r}")
    evaluating = [name for name in names if found[name].purpose == Purpose.EVALUATE]
    if evaluating:
        raise SnapshotRefusedError(
            f"studies: {', '.join(map(repr, evaluating))}: evaluates on locked test pairs, so never trains"
        )
    return [found[name] for name in sorted(found)]


def _chosen(
    catalogue_id: int, config: SnapshotConfig, studies: list[Study], ai_runs: list[int]
) -> QuerySet[PreferenceLabel]:
    # An AI judge who rates in a study has source ai too, and comes with the study.
    wanted = Q(source__in=config.sources, study__in=studies)
    if "ai" in config.sources:
        wanted |= Q(source="ai", study=None, run__in=ai_runs) if ai_runs else Q(source="ai", study=None)
    return PreferenceLabel.objects.filter(
        wanted, catalogue_id=catalogue_id, criterion__in=config.criteria
    ).order_by("pk")


def _refuse_what_must_not_train(labels: QuerySet[PreferenceLabel]) -> None:
    """The last gate, over the very rows that would be frozen, whatever selected them."""
    forbidden = with_split(labels).filter(Q(purpose=Purpose.EVALUATE) | Q(split=Split.TEST))
    keys = ("endorsement__viewer__external_id", "endorsement__item__external_id")
    found = list(forbidden.order_by(*keys).values_list(*keys).distinct()[: _SHOWN + 1])
    if found:
        pairs = "; ".join(f"viewer {viewer}, item {item}" for viewer, item in found[:_SHOWN])
        more = " and more" if len(found) > _SHOWN else ""
        raise SnapshotRefusedError(
            f"labels of locked test pairs, or of studies that evaluate, never train: {pairs}{more}"
        )
