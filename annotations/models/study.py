"""A study: a frozen plan of comparisons, questions, redundancy and seed. Source: App. E."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Purpose(models.TextChoices):
    """Whether a study's labels may train, or it shows locked test pairs."""

    COLLECT = "collect", "Collect labels for training"
    EVALUATE = "evaluate", "Evaluate on locked test pairs"


class Study(models.Model):
    """The plan and its state. From launch on, everything in ``manifest`` is frozen."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    catalogue = models.ForeignKey("Catalogue", on_delete=models.PROTECT, related_name="studies")
    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    seed = models.PositiveBigIntegerField()
    redundancy = models.PositiveSmallIntegerField()
    questions = models.JSONField()
    attributes_per_comparison = models.PositiveSmallIntegerField()
    ties_allowed = models.BooleanField(default=False)
    both_bad_allowed = models.BooleanField(default=False)
    skip_allowed = models.BooleanField(default=False)
    blinded_until_close = models.BooleanField(default=True)
    excluding_reopens_slots = models.BooleanField(default=False)
    lease_s = models.PositiveIntegerField(default=1800)
    consent = models.TextField()
    instructions = models.TextField()
    completion_code = models.CharField(max_length=40)
    assignments_per_rater = models.PositiveIntegerField(null=True, blank=True)
    crowd = models.JSONField(null=True, blank=True)
    spec = models.JSONField()
    manifest = models.JSONField(null=True, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="study_purpose_known"),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "paused", "closed"]), name="study_status_known"
            ),
            models.CheckConstraint(condition=Q(redundancy__gte=1), name="study_redundancy_positive"),
            models.CheckConstraint(condition=Q(lease_s__gte=1), name="study_lease_positive"),
            models.CheckConstraint(
                condition=Q(status="draft") | (~Q(manifest_sha256="") & Q(launched_at__isnull=False)),
                name="study_launched_has_manifest",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StudyMember(models.Model):
    """What an account may do with a study besides its owner."""

    class Role(models.TextChoices):
        EDITOR = "editor", "Editor"
        VIEWER = "viewer", "Viewer"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="members")
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=8, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "account"], name="study_member_once"),
            models.CheckConstraint(
                condition=Q(role__in=["editor", "viewer"]), name="study_member_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.role} of {self.study_id}"


class Contrast(models.Model):
    """One test system against one baseline inside a study."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="contrasts")
    position = models.PositiveSmallIntegerField()
    test_system = models.ForeignKey("System", on_delete=models.PROTECT, related_name="+")
    baseline_system = models.ForeignKey("System", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["study_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "position"], name="contrast_position_unique"),
            models.UniqueConstraint(
                fields=["study", "test_system", "baseline_system"], name="contrast_once_per_study"
            ),
            models.CheckConstraint(
                condition=~Q(test_system=models.F("baseline_system")), name="contrast_two_systems"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test_system_id} against {self.baseline_system_id}"
