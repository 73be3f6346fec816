"""Recording a teacher's preference labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from annotations.models import PreferenceLabel, Purpose

BATCH_ROWS = 500


@dataclass(frozen=True)
class NewLabel:
    """One AI preference; ``other_id`` None makes it an endorsement's share of coverage."""

    criterion: str
    endorsement_id: int
    other_id: int | None
    value: float
    evidence: Mapping[str, Any] = field(default_factory=dict, hash=False)


@transaction.atomic
def record_ai_labels(*, catalogue_id: int, labels: Iterable[NewLabel], labeller: str, run_id: int) -> int:
    """Replace this run's AI labels by these and return how many there are."""
    PreferenceLabel.objects.filter(run_id=run_id, source=PreferenceLabel.Source.AI).delete()
    return len(
        PreferenceLabel.objects.bulk_create(
            (
                PreferenceLabel(
                    catalogue_id=catalogue_id,
                    criterion=label.criterion,
                    source=PreferenceLabel.Source.AI,
                    labeller=labeller,
                    purpose=Purpose.COLLECT,
                    endorsement_id=label.endorsement_id,
                    other_id=label.other_id,
                    value=label.value,
                    run_id=run_id,
                    evidence=dict(label.evidence),
                )
                for label in labels
            ),
            batch_size=BATCH_ROWS,
        )
    )
