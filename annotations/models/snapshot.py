"""An immutable, hashed set of labels that a training run cites."""

from django.db import models


class Snapshot(models.Model):
    """The labels themselves are in the artifact; the hash is over their canonical rows."""

    catalogue = models.ForeignKey("Catalogue", on_delete=models.PROTECT, related_name="snapshots")
    name = models.SlugField(max_length=80, unique=True)
    sha256 = models.CharField(max_length=64)
    artifact = models.ForeignKey("Artifact", on_delete=models.PROTECT, related_name="snapshots")
    selection = models.JSONField()
    counts = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
