"""Run kind ``launch_study``: a study launched by a pipeline, open for rating when the run ends."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from annotations.assignment.spec import StudySpec
from annotations.models import Study
from annotations.queries.studies import count_slots
from annotations.runs.context import RunContext
from annotations.services.launch import launch_study


def execute(run: RunContext) -> dict[str, Any]:
    """Launch the config's study for the account that started the run; a resumed run finds it launched."""
    spec = run.config
    assert isinstance(spec, StudySpec)
    run.progress(0, 1, f"launching {spec.name}")
    owner = get_user_model().objects.filter(pk=run.started_by_id).first()
    with transaction.atomic():
        study = Study.objects.get(pk=run.study_id) if run.study_id else launch_study(spec=spec, owner=owner)
        run.set_study(study.pk)
    slots = count_slots(study.pk).planned
    run.log(f"study {study.name} is open: {slots} judgments wanted; manifest {study.manifest_sha256}")
    run.progress(1, 1, "open")
    return {"study": study.name, "slots": slots, "manifest_sha256": study.manifest_sha256}
