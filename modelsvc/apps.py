from django.apps import AppConfig


class ModelsvcConfig(AppConfig):
    """The machine side: registers its run executors with the human side at start-up."""

    name = "modelsvc"
    verbose_name = "Models"

    def ready(self) -> None:
        from modelsvc import executors

        executors.register_all()
