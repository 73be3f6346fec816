"""What crowd platforms say of raters: their sessions there, and the events that were sent."""

from django.db import models


class CrowdSession(models.Model):
    """One visit of a rater as the platform counts it (Prolific: a submission), under the platform's ids."""

    enrolment = models.ForeignKey("Enrolment", on_delete=models.CASCADE, related_name="crowd_sessions")
    external_id = models.CharField(max_length=128, blank=True)
    external_study_id = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=40, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField()
    last_entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "external_id"], name="crowd_session_once_per_rater")
        ]
        indexes = [models.Index(fields=["external_id"], name="crowd_session_external_id")]

    def __str__(self) -> str:
        return f"session {self.pk} of enrolment {self.enrolment_id}"


class CrowdEvent(models.Model):
    """A message of a platform, kept once however often it is delivered. Append-only.

    ``signature_sha256`` is unique too: the event id is not signed, so a copied request could carry another.
    """

    platform = models.CharField(max_length=20)
    event_id = models.CharField(max_length=128)
    signature_sha256 = models.CharField(max_length=64)
    external_rater_id = models.CharField(max_length=128)
    external_session_id = models.CharField(max_length=128)
    status = models.CharField(max_length=40)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "event_id"], name="crowd_event_once"),
            models.UniqueConstraint(
                fields=["platform", "signature_sha256"], name="crowd_event_signature_once"
            ),
        ]
        indexes = [
            models.Index(fields=["platform", "external_session_id", "sent_at"], name="crowd_event_of_session")
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.event_id}"
