"""The k-th example of a study: an item, a viewer, two endorsements, sampled attributes M^(k)."""

from django.db import models
from django.db.models import F, Q


class Comparison(models.Model):
    """What one rater compares. Title and description are frozen copies. Source: App. E."""

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="comparisons")
    contrast = models.ForeignKey("Contrast", on_delete=models.CASCADE, related_name="comparisons")
    number = models.PositiveIntegerField()
    item = models.ForeignKey("Item", on_delete=models.PROTECT, related_name="+")
    viewer = models.ForeignKey("Viewer", on_delete=models.PROTECT, related_name="+")
    test_endorsement = models.ForeignKey("Endorsement", on_delete=models.PROTECT, related_name="+")
    baseline_endorsement = models.ForeignKey("Endorsement", on_delete=models.PROTECT, related_name="+")
    item_title = models.CharField(max_length=510)
    item_description = models.TextField()
    is_gold = models.BooleanField(default=False)
    gold_answers = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["study_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="comparison_number_unique"),
            models.CheckConstraint(
                condition=~Q(test_endorsement=F("baseline_endorsement")), name="comparison_two_endorsements"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study_id} #{self.number}"


class SampledAttribute(models.Model):
    """One attribute A_m, m in M^(k), with its frozen text; the same for all raters. Source: eq. 12."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="sampled_attributes")
    attribute = models.ForeignKey("Attribute", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    polarity = models.CharField(max_length=8)

    class Meta:
        ordering = ["comparison_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "position"], name="sampled_attribute_position_unique"
            ),
            models.UniqueConstraint(fields=["comparison", "attribute"], name="sampled_attribute_once"),
        ]

    def __str__(self) -> str:
        return self.text
