"""A rater's lease on a slot."""

from django.db import models
from django.db.models import Q


class Assignment(models.Model):
    """One showing of a comparison to one rater, from lease to answer."""

    class Status(models.TextChoices):
        LEASED = "leased", "Leased"
        SUBMITTED = "submitted", "Submitted"
        SURPLUS = "surplus", "Surplus"
        RETURNED = "returned", "Returned"
        EXPIRED = "expired", "Expired"

    public_id = models.UUIDField(unique=True)
    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="assignments")
    slot = models.ForeignKey("Slot", on_delete=models.CASCADE, related_name="assignments")
    comparison = models.ForeignKey("Comparison", on_delete=models.CASCADE, related_name="assignments")
    enrolment = models.ForeignKey("Enrolment", on_delete=models.PROTECT, related_name="assignments")
    is_repeat = models.BooleanField(default=False)
    position_of_test = models.CharField(max_length=1)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.LEASED)
    leased_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "comparison", "is_repeat"], name="assignment_comparison_once_per_rater"
            ),
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(status__in=["leased", "submitted"]),
                name="assignment_one_holder_per_slot",
            ),
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(status="leased"), name="assignment_one_lease_per_rater"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["leased", "submitted", "surplus", "returned", "expired"]),
                name="assignment_status_known",
            ),
            models.CheckConstraint(
                condition=Q(position_of_test__in=["A", "B"]), name="assignment_position_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["submitted", "surplus"], submitted_at__isnull=False)
                | Q(status__in=["leased", "returned", "expired"], submitted_at__isnull=True),
                name="assignment_submitted_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status="leased"), name="assignment_lease_expiry"),
            models.Index(fields=["study", "status"]),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Draft(models.Model):
    """The answers a rater has begun on a leased assignment, saved as they are given."""

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, related_name="draft")
    answers = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"draft of {self.assignment_id}"
