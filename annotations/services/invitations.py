"""Links into a study. A link's token is shown once, when it is made; only its hash is stored."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from annotations.models import Invitation, Study
from annotations.services.audit import record_event


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation with the token that nothing stores; ``path`` is the link without the host."""

    invitation: Invitation
    token: str

    @property
    def path(self) -> str:
        return f"/r/{self.token}/"


def hash_token(token: str) -> str:
    """What is stored of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def create_invitation(
    *,
    study: Study,
    rater_kind: str = "human",
    platform: str = "link",
    max_raters: int | None = None,
    expires_at: datetime | None = None,
    created_by: AbstractBaseUser | None = None,
) -> NewInvitation:
    """Make a link by which raters of one kind enter the study."""
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        study=study,
        token_sha256=hash_token(token),
        rater_kind=rater_kind,
        platform=platform,
        max_raters=max_raters,
        expires_at=expires_at,
    )
    record_event(
        account=created_by,
        action="invitation.created",
        study=study,
        object_kind="invitation",
        object_id=invitation.pk,
        data={"rater_kind": rater_kind, "platform": platform, "max_raters": max_raters},
    )
    return NewInvitation(invitation, token)


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, revoked_by: AbstractBaseUser | None = None) -> None:
    """Let nobody enter by this link any more; raters who already entered go on."""
    revoked = Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        record_event(
            account=revoked_by,
            action="invitation.revoked",
            study=invitation.study,
            object_kind="invitation",
            object_id=invitation.pk,
        )
