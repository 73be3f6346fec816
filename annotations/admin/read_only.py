"""Admin pages that only show: services write these rows, and triggers guard many of them."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Search, filter and look; no adding, changing or deleting, and no counting of whole tables."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FieldsOnlyAdmin(ReadOnlyAdmin):
    """Shows all, and lets the fields named in ``editable`` be changed."""

    editable: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self._shown_fields() if name not in self.editable]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self._shown_fields()

    def _shown_fields(self) -> list[str]:
        hidden = set(self.exclude or ())
        return [
            field.name for field in self.model._meta.fields if field.name not in hidden and field.name != "id"
        ]
