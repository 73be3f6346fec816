"""Artifacts: file sets that runs wrote, content-addressed."""

from django.db import models


class Artifact(models.Model):
    """A folder of files named by the hash of its contents; ``files`` lists path, sha256 and bytes."""

    run = models.ForeignKey("Run", on_delete=models.PROTECT, related_name="artifacts")
    role = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    files = models.JSONField()
    size_bytes = models.PositiveBigIntegerField()
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "role"], name="artifact_role_unique_per_run")]

    def __str__(self) -> str:
        return f"{self.role} {self.sha256[:12]}"
