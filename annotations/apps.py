from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    """The human side: catalogues, studies, raters, judgments, statistics, runs."""

    name = "annotations"
    verbose_name = "Studies"

    def ready(self) -> None:
        from annotations.exports import run_kinds as exports
        from annotations.imports import run_kinds as imports
        from annotations.services import run_kinds as services

        imports.register()
        exports.register()
        services.register()
