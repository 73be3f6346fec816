"""Studies and what was frozen at their launch; their members are kept here."""

from django.contrib import admin
from unfold.admin import TabularInline

from annotations.admin.read_only import FieldsOnlyAdmin, ReadOnlyAdmin
from annotations.models import (
    AuditEvent,
    Comparison,
    Contrast,
    Invitation,
    SampledAttribute,
    Slot,
    Study,
    StudyMember,
)


class StudyMemberInline(TabularInline):
    """Who besides the owner may see or edit the study."""

    model = StudyMember
    extra = 0
    autocomplete_fields = ("account",)


@admin.register(Study)
class StudyAdmin(FieldsOnlyAdmin):
    list_display = ("name", "title", "status", "purpose", "catalogue", "owner", "launched_at")
    list_filter = ("status", "purpose", "catalogue")
    search_fields = ("name", "title")
    list_select_related = ("catalogue", "owner")
    editable = ("owner",)
    autocomplete_fields = ("owner",)
    inlines = (StudyMemberInline,)


@admin.register(Contrast)
class ContrastAdmin(ReadOnlyAdmin):
    list_display = ("study", "position", "test_system", "baseline_system")
    list_filter = ("study",)
    list_select_related = ("study", "test_system", "baseline_system")


class SampledAttributeInline(TabularInline):
    """The attributes raters are asked about, with their frozen text."""

    model = SampledAttribute
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    list_display = ("study", "number", "item_title", "viewer", "is_gold")
    list_display_links = ("number",)
    list_filter = ("study", "is_gold")
    search_fields = ("item_title", "viewer__external_id__exact")
    list_select_related = ("study", "viewer")
    inlines = (SampledAttributeInline,)


@admin.register(Slot)
class SlotAdmin(ReadOnlyAdmin):
    list_display = ("comparison", "number", "segment", "position_of_test", "status", "is_repeat")
    list_filter = ("study", "status", "position_of_test", "is_repeat")
    list_select_related = ("comparison",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("id", "study", "rater_kind", "platform", "max_raters", "expires_at", "revoked_at")
    list_filter = ("study", "rater_kind", "platform")
    list_select_related = ("study",)
    exclude = ("token_sha256",)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "study", "object_kind", "object_id", "account")
    list_filter = ("action", "object_kind", "study")
    search_fields = ("object_id__exact", "action")
    list_select_related = ("study", "account")
    date_hierarchy = "at"
