"""Audit events: who did what, append-only."""

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One act on one object. No text of raters' answers and no secret goes in ``data``."""

    at = models.DateTimeField(auto_now_add=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    enrolment = models.ForeignKey("Enrolment", null=True, blank=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=60)
    study = models.ForeignKey(
        "Study", null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_events"
    )
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["study", "at"])]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind} {self.object_id}"
