from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    """The human side: catalogues, studies, raters, judgments, statistics, runs."""

    name = "annotations"
    verbose_name = "Studies"
