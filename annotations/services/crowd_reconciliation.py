"""Puts right what webhooks missed."""

from datetime import datetime

from django.db import transaction

from annotations.models import CrowdSession, Enrolment
from annotations.queries.crowd import Disagreement
from annotations.services.crowd import StatusChange, apply_status


@transaction.atomic
def settle_disagreement(
    *, disagreement: Disagreement, external_study_id: str, asked_at: datetime
) -> StatusChange:
    """Give our session the platform's status, making the session first if the rater came by another.

    Args:
        asked_at: when the platform was asked; a webhook sent later stays in force.
    """
    session_id = disagreement.session_id
    if session_id is None:
        enrolment = Enrolment.objects.get(pk=disagreement.enrolment_id)
        # As old as the enrolment: a session that nobody entered here never becomes the rater's current one.
        session, _ = CrowdSession.objects.get_or_create(
            enrolment=enrolment,
            external_id=disagreement.submission.submission_id,
            defaults={
                "external_study_id": external_study_id,
                "entered_at": enrolment.created_at,
                "last_entered_at": enrolment.created_at,
            },
        )
        session_id = session.pk
    return apply_status(
        session_id=session_id, status=disagreement.submission.status, at=asked_at, source="reconciliation"
    )
