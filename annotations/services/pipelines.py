"""Starting a pipeline: one parent run whose stages are runs that wait for their inputs."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from annotations.models import Catalogue, Run
from annotations.runs.pipeline_spec import PipelineSpec
from annotations.runs.version import code_version
from annotations.services.runs import create_run


class UnknownCatalogueError(LookupError):
    """No catalogue of that name."""


@transaction.atomic
def start_pipeline(*, spec: PipelineSpec, started_by: AbstractBaseUser | None = None) -> Run:
    """Record the pipeline and all its stages and queue the stages that need nothing.

    Raises:
        UnknownCatalogueError: with the catalogues there are.
    """
    catalogue = Catalogue.objects.filter(name=spec.catalogue).first()
    if catalogue is None:
        known = ", ".join(Catalogue.objects.values_list("name", flat=True)) or "none"
        raise UnknownCatalogueError(f"there is no catalogue {spec.catalogue!r}; there are: {known}")
    pipeline = Run.objects.create(
        kind="pipeline",
        name=spec.name,
        queue="light",
        status=Run.Status.RUNNING,
        config=spec.model_dump(mode="json"),
        seed=spec.seed,
        code_version=code_version(),
        catalogue=catalogue,
        started_by=started_by,
        started_at=timezone.now(),
        total_steps=len(spec.stages),
    )
    stages: dict[str, Run] = {}
    for position, stage in enumerate(spec.stages):
        stages[stage.name] = create_run(
            kind=stage.kind,
            name=stage.name,
            config=stage.config,
            seed=spec.seed if stage.seed is None else stage.seed,
            catalogue=catalogue,
            inputs={role: stages[source] for role, source in stage.inputs.items()},
            pipeline=pipeline,
            position=position,
            started_by=started_by,
        )
    return pipeline
