"""Runs: every import, export, generation, training or evaluation, and what it said meanwhile."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Run(models.Model):
    """One execution. This table is the truth; the broker only wakes workers up."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting for inputs"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        CANCELLING = "cancelling", "Cancelling"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    queue = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    config = models.JSONField()
    seed = models.PositiveBigIntegerField(default=0)
    code_version = models.CharField(max_length=80)
    pipeline = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="stages"
    )
    position = models.PositiveSmallIntegerField(default=0)
    catalogue = models.ForeignKey(
        "Catalogue", null=True, blank=True, on_delete=models.CASCADE, related_name="runs"
    )
    study = models.ForeignKey("Study", null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    step = models.PositiveBigIntegerField(default=0)
    total_steps = models.PositiveBigIntegerField(default=0)
    message = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "waiting",
                        "queued",
                        "running",
                        "cancelling",
                        "succeeded",
                        "failed",
                        "cancelled",
                    ]
                ),
                name="run_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_expires_at__isnull=False) | Q(kind="pipeline"),
                name="run_running_is_leased",
            ),
            models.CheckConstraint(
                condition=Q(total_steps=0) | Q(step__lte=F("total_steps")), name="run_step_within_total"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status__in=["running", "cancelling"]),
                name="run_lease_expiry",
            ),
            models.Index(fields=["pipeline", "position"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class RunInput(models.Model):
    """A run's need for another run: it starts when all its sources have succeeded."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="inputs")
    role = models.CharField(max_length=40)
    source = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="consumers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "role"], name="run_input_role_unique"),
            models.CheckConstraint(condition=~Q(run=F("source")), name="run_input_not_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} needs {self.source_id} as {self.role}"


class RunEvent(models.Model):
    """A line of a run's log, or a step's metrics. Append-only."""

    class Level(models.TextChoices):
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        ERROR = "error", "Error"
        METRICS = "metrics", "Metrics"
        SAMPLE = "sample", "Sample"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    fence = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, choices=Level.choices)
    step = models.PositiveBigIntegerField(null=True, blank=True)
    message = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["run", "id"])]

    def __str__(self) -> str:
        return f"{self.run_id} {self.level}: {self.message[:60]}"
