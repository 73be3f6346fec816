"""Preference labels: what the reward models learn from."""

from django.db import models
from django.db.models import Q

from annotations.models.study import Purpose


class PreferenceLabel(models.Model):
    """One human or AI preference between two endorsements, or one endorsement's share of coverage.

    With ``other`` set, ``value`` is P(endorsement preferred over other) in [0, 1]; without it,
    ``value`` is the share s of the viewer's attributes that the endorsement covers.
    Source: sec. 4.1, App. C.
    """

    class Criterion(models.TextChoices):
        PRECISION = "precision", "Precision"
        APPEAL = "appeal", "Appeal"
        COVERAGE = "coverage", "Coverage"
        PRIORITIZATION = "prioritization", "Prioritization"
        OVERALL = "overall", "Overall"

    class Source(models.TextChoices):
        HUMAN = "human", "Raters"
        BOT = "bot", "Simulated raters"
        AI = "ai", "AI feedback"

    catalogue = models.ForeignKey("Catalogue", on_delete=models.CASCADE, related_name="labels")
    criterion = models.CharField(max_length=14, choices=Criterion.choices)
    source = models.CharField(max_length=5, choices=Source.choices)
    labeller = models.CharField(max_length=80)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    endorsement = models.ForeignKey("Endorsement", on_delete=models.PROTECT, related_name="labels")
    other = models.ForeignKey(
        "Endorsement", null=True, blank=True, on_delete=models.PROTECT, related_name="labels_as_other"
    )
    value = models.FloatField()
    votes = models.PositiveIntegerField(default=1)
    study = models.ForeignKey("Study", null=True, blank=True, on_delete=models.PROTECT, related_name="labels")
    run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="labels")
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, value__lte=1), name="label_value_in_unit"),
            models.CheckConstraint(
                condition=Q(other__isnull=True) | ~Q(endorsement=models.F("other")), name="label_two_texts"
            ),
            models.CheckConstraint(
                condition=Q(other__isnull=False) | Q(criterion="coverage"), name="label_share_is_coverage"
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="label_purpose_known"),
            models.CheckConstraint(condition=Q(source__in=["human", "bot", "ai"]), name="label_source_known"),
            models.CheckConstraint(condition=Q(votes__gte=1), name="label_has_votes"),
        ]
        indexes = [models.Index(fields=["catalogue", "criterion", "source"])]

    def __str__(self) -> str:
        return f"{self.criterion} {self.endorsement_id}>{self.other_id}: {self.value:.2f}"
