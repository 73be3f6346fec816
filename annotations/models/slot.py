"""One planned showing of a comparison, with its presentation order."""

from django.db import models
from django.db.models import Q


class Position(models.TextChoices):
    """Where the test system's text stands on the page."""

    A = "A", "A"
    B = "B", "B"


class Slot(models.Model):
    """A row of the randomization plan. Which text was A is recorded here and nowhere inferred."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        LEASED = "leased", "Leased"
        FILLED = "filled", "Filled"
        VOID = "void", "Void"

    study = models.ForeignKey("Study", on_delete=models.CASCADE, related_name="slots")
    comparison = models.ForeignKey("Comparison", on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveIntegerField()
    segment = models.PositiveSmallIntegerField(default=0)
    position_of_test = models.CharField(max_length=1, choices=Position.choices)
    random_key = models.PositiveBigIntegerField()
    is_repeat = models.BooleanField(default=False)
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comparison", "number"], name="slot_number_unique"),
            models.CheckConstraint(condition=Q(position_of_test__in=["A", "B"]), name="slot_position_known"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "leased", "filled", "void"]), name="slot_status_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["study", "random_key"], condition=Q(status="open"), name="slot_open_by_random_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.comparison_id}/{self.number} test at {self.position_of_test}"
