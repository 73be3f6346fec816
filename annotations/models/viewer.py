"""The person an item is recommended to (not a login account), and their profile."""

from django.db import models
from django.db.models import Q


class Viewer(models.Model):
    """One viewer of a catalogue."""

    catalogue = models.ForeignKey("Catalogue", on_delete=models.CASCADE, related_name="viewers")
    external_id = models.CharField(max_length=120)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "external_id"], name="viewer_external_id_unique")
        ]

    def __str__(self) -> str:
        return self.external_id


class Profile(models.Model):
    """One version of a viewer's preferences; at most one version is current."""

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="profiles")
    source = models.CharField(max_length=80)
    run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="profiles")
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["viewer"], condition=Q(is_current=True), name="profile_one_current_per_viewer"
            )
        ]

    def __str__(self) -> str:
        return f"profile of {self.viewer_id} from {self.source}"


class Attribute(models.Model):
    """One bullet of a profile, with polarity and the items it was inferred from."""

    class Polarity(models.TextChoices):
        LIKE = "like", "Like"
        DISLIKE = "dislike", "Dislike"

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="attributes")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    polarity = models.CharField(max_length=8, choices=Polarity.choices)
    evidence = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["profile_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "position"], name="attribute_position_unique"),
            models.CheckConstraint(
                condition=Q(polarity__in=["like", "dislike"]), name="attribute_polarity_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="attribute_has_text"),
        ]

    def __str__(self) -> str:
        return self.text
