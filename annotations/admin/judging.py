"""Raters, their assignments and judgments. Judgments and answers are append-only."""

from django.contrib import admin
from unfold.admin import TabularInline

from annotations.admin.read_only import ReadOnlyAdmin
from annotations.models import Assignment, AttributeAnswer, Enrolment, Judgment, Rater


@admin.register(Rater)
class RaterAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "kind", "platform", "external_id", "created_at")
    list_filter = ("kind", "platform")
    search_fields = ("public_id__exact", "external_id__exact")


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ("rater", "study", "status", "is_excluded", "created_at", "finished_at")
    list_filter = ("study", "status", "is_excluded", "rater__kind")
    search_fields = ("rater__public_id__exact", "rater__external_id__exact")
    list_select_related = ("rater", "study")
    exclude = ("token_sha256",)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id",
        "study",
        "comparison",
        "status",
        "position_of_test",
        "leased_at",
        "submitted_at",
    )
    list_filter = ("study", "status", "position_of_test", "is_repeat")
    search_fields = ("public_id__exact", "enrolment__rater__public_id__exact")
    list_select_related = ("study", "comparison")


class AttributeAnswerInline(TabularInline):
    """What was answered about each attribute."""

    model = AttributeAnswer
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Judgment)
class JudgmentAdmin(ReadOnlyAdmin):
    list_display = (
        "assignment",
        "study",
        "revision",
        "is_latest",
        "precision",
        "appeal",
        "overall",
        "seconds",
        "created_at",
    )
    list_filter = ("assignment__study", "is_latest", "assignment__enrolment__rater__kind")
    search_fields = ("assignment__public_id__exact", "assignment__enrolment__rater__public_id__exact")
    list_select_related = ("assignment__study",)
    inlines = (AttributeAnswerInline,)

    @admin.display(description="study")
    def study(self, judgment: Judgment) -> str:
        return judgment.assignment.study.name

    @admin.display(description="seconds", ordering="duration_s")
    def seconds(self, judgment: Judgment) -> str:
        return f"{judgment.duration_s:.1f}"
