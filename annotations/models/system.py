"""What writes endorsements."""

from django.db import models
from django.db.models import Q


class System(models.Model):
    """A writer of endorsements. Source: sec. 5 (baselines) and METHOD 4."""

    class Kind(models.TextChoices):
        PROMPTED_TEACHER = "prompted_teacher", "Prompted teacher"
        SFT_TEXT = "sft_text", "SFT-Text"
        SFT = "sft", "SFT"
        P4LM = "p4lm", "P4LM"
        IMPORT = "import", "Imported texts"

    catalogue = models.ForeignKey("Catalogue", on_delete=models.CASCADE, related_name="systems")
    name = models.SlugField(max_length=80)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    description = models.TextField(blank=True)
    run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="systems")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "name"], name="system_name_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=["prompted_teacher", "sft_text", "sft", "p4lm", "import"]),
                name="system_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name
