"""A text that recommends one item to one viewer."""

from django.db import models
from django.db.models import Q


class Endorsement(models.Model):
    """One system's text for one viewer–item pair. Its text never changes (a trigger guards it)."""

    system = models.ForeignKey("System", on_delete=models.PROTECT, related_name="endorsements")
    item = models.ForeignKey("Item", on_delete=models.PROTECT, related_name="endorsements")
    viewer = models.ForeignKey("Viewer", on_delete=models.PROTECT, related_name="endorsements")
    sample = models.PositiveSmallIntegerField(default=0)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    run = models.ForeignKey(
        "Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="endorsements"
    )
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "item", "viewer", "sample"], name="endorsement_unique_per_sample"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="endorsement_has_text"),
        ]
        indexes = [models.Index(fields=["item", "viewer"])]

    def __str__(self) -> str:
        return self.text[:60]
