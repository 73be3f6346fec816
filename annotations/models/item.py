"""What is recommended."""

from django.db import models


class Item(models.Model):
    """One item of a catalogue with its description."""

    catalogue = models.ForeignKey("Catalogue", on_delete=models.CASCADE, related_name="items")
    external_id = models.CharField(max_length=120)
    title = models.CharField(max_length=500)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    categories = models.JSONField(default=list, blank=True)
    description = models.TextField(blank=True)
    description_source = models.CharField(max_length=80, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "external_id"], name="item_external_id_unique"),
            models.CheckConstraint(condition=~models.Q(title=""), name="item_has_title"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title
