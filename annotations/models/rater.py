"""Raters, how they are invited, and their way through a study."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Rater(models.Model):
    """A person, bot or AI judge who answers. ``public_id`` is the pseudonym used in exports."""

    class Kind(models.TextChoices):
        HUMAN = "human", "Human"
        AI = "ai", "AI judge"
        BOT = "bot", "Simulated rater"

    public_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    platform = models.CharField(max_length=20)
    external_id = models.CharField(max_length=200)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "external_id"], name="rater_external_id_unique"),
            models.CheckConstraint(condition=Q(kind__in=["human", "ai", "bot"]), name="rater_kind_known"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Invitation(models.Model):
    """A link into a study. Only the token's hash is stored; the kind decides who enters by it."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="invitations")
    token_sha256 = models.CharField(max_length=64, unique=True)
    rater_kind = models.CharField(max_length=5, choices=Rater.Kind.choices, default=Rater.Kind.HUMAN)
    platform = models.CharField(max_length=20, default="link")
    max_raters = models.PositiveIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rater_kind__in=["human", "ai", "bot"]), name="invitation_rater_kind_known"
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk} to {self.study_id}"


class Enrolment(models.Model):
    """One rater in one study: consent, progress, exclusion."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        FINISHED = "finished", "Finished"
        WITHDRAWN = "withdrawn", "Withdrawn"

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="enrolments")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="enrolments")
    invitation = models.ForeignKey(Invitation, null=True, blank=True, on_delete=models.SET_NULL)
    token_sha256 = models.CharField(max_length=64, unique=True)
    start_key = models.PositiveBigIntegerField()
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ACTIVE)
    consent_sha256 = models.CharField(max_length=64, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    instructed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    left_early = models.BooleanField(default=False)
    is_excluded = models.BooleanField(default=False)
    exclusion_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "rater"], name="enrolment_once_per_study"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "finished", "withdrawn"]), name="enrolment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(is_excluded=False) | ~Q(exclusion_reason=""),
                name="enrolment_exclusion_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rater_id} in {self.study_id}"
