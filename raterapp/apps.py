from django.apps import AppConfig


class RaterappConfig(AppConfig):
    """Project wiring: settings, routes, the supervisor. No business logic."""

    name = "raterapp"
    verbose_name = "Project"
