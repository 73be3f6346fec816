"""What crowd platforms said: only to look at."""

from django.contrib import admin

from annotations.admin.read_only import ReadOnlyAdmin
from annotations.models import CrowdEvent, CrowdSession


@admin.register(CrowdSession)
class CrowdSessionAdmin(ReadOnlyAdmin):
    list_display = ("enrolment", "external_id", "status", "status_at", "last_entered_at")
    list_filter = ("status",)
    search_fields = ("external_id__exact", "enrolment__rater__external_id__exact")
    list_select_related = ("enrolment",)


@admin.register(CrowdEvent)
class CrowdEventAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "platform", "external_session_id", "status", "sent_at", "received_at")
    list_filter = ("platform", "status")
    search_fields = ("event_id__exact", "external_session_id__exact", "external_rater_id__exact")
    exclude = ("signature_sha256",)
