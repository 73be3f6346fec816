"""What only the machine side knows: which trained weights a system's texts were sampled from, and how."""

from django.db import models
from django.db.models import Q


class Policy(models.Model):
    """The one policy behind a system. Systems that were prompted or imported have none."""

    system = models.OneToOneField("annotations.System", on_delete=models.CASCADE, related_name="policy")
    # The artifact's run is the endorser training or the fine-tuning that made the weights.
    artifact = models.ForeignKey("annotations.Artifact", on_delete=models.PROTECT, related_name="policies")
    base_model = models.CharField(max_length=500)
    uses_embeddings = models.BooleanField()
    temperature = models.FloatField()
    top_p = models.FloatField()
    max_new_tokens = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(condition=Q(temperature__gte=0), name="policy_temperature_not_negative"),
            models.CheckConstraint(condition=Q(top_p__gt=0, top_p__lte=1), name="policy_top_p_is_share"),
            models.CheckConstraint(condition=Q(max_new_tokens__gte=1), name="policy_writes_tokens"),
        ]

    def __str__(self) -> str:
        return f"policy of {self.system}"
