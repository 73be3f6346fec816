"""A rater's answers to an assignment; revisions append and nothing is overwritten."""

from django.db import models
from django.db.models import Q


class Choice(models.TextChoices):
    """An answer in terms of what was shown; the slot says which text was A."""

    A = "A", "A"
    B = "B", "B"
    TIE = "tie", "Tie"
    BOTH_BAD = "both_bad", "Both are bad"
    SKIP = "skip", "Skip"


def _choice_known(field: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__in": Choice.values}), name=name
    )


class Judgment(models.Model):
    """One submitted revision of an assignment's answers. A question switched off is null."""

    assignment = models.ForeignKey("Assignment", on_delete=models.PROTECT, related_name="judgments")
    revision = models.PositiveSmallIntegerField()
    is_latest = models.BooleanField(default=True)
    idempotency_key = models.UUIDField(unique=True)
    precision = models.CharField(max_length=8, choices=Choice.choices, null=True, blank=True)  # noqa: DJ001
    appeal = models.CharField(max_length=8, choices=Choice.choices, null=True, blank=True)  # noqa: DJ001
    overall = models.CharField(max_length=8, choices=Choice.choices, null=True, blank=True)  # noqa: DJ001
    comment = models.TextField(blank=True)
    duration_s = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="judgment_revision_unique"),
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(is_latest=True), name="judgment_one_latest"
            ),
            models.CheckConstraint(condition=Q(duration_s__gte=0), name="judgment_duration_not_negative"),
            _choice_known("precision", "judgment_precision_known"),
            _choice_known("appeal", "judgment_appeal_known"),
            _choice_known("overall", "judgment_overall_known"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} revision {self.revision}"


class AttributeAnswer(models.Model):
    """Coverage of one sampled attribute by A and by B and, only if both, which aligns more closely."""

    judgment = models.ForeignKey(Judgment, on_delete=models.PROTECT, related_name="attribute_answers")
    sampled_attribute = models.ForeignKey(
        "SampledAttribute", on_delete=models.PROTECT, related_name="answers"
    )
    covers_a = models.BooleanField()
    covers_b = models.BooleanField()
    aligns = models.CharField(max_length=8, choices=Choice.choices, null=True, blank=True)  # noqa: DJ001

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "sampled_attribute"], name="attribute_answer_once_per_judgment"
            ),
            _choice_known("aligns", "attribute_answer_aligns_known"),
            models.CheckConstraint(
                condition=Q(aligns__isnull=True) | Q(covers_a=True, covers_b=True),
                name="attribute_answer_aligns_only_if_both_cover",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judgment_id}/{self.sampled_attribute_id}"
