"""What an executor is given: its config and inputs, and the only ways it may write."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel

from annotations.models import Artifact, Run, RunEvent, RunInput
from annotations.runs import storage
from annotations.runs.leases import Heartbeat, LeaseLostError, RunCancelledError, hold

logger = logging.getLogger(__name__)

PROGRESS_EVERY = timedelta(seconds=1)


class MissingInputError(LookupError):
    """The run was not given an input or artifact that its kind needs."""


class RunContext:
    """One attempt at one run. Every write checks the fence and raises LeaseLostError if it is stale."""

    def __init__(
        self, *, run: Run, fence: int, config: BaseModel, heartbeat: Heartbeat | None = None
    ) -> None:
        self.run_id: int = run.pk
        self.pipeline_id: int | None = run.pipeline_id
        self.catalogue_id: int | None = run.catalogue_id
        self.study_id: int | None = run.study_id
        self.started_by_id: int | None = run.started_by_id
        self.name = run.name
        self.seed: int = run.seed
        self.fence = fence
        self.config = config
        self._heartbeat = heartbeat
        self._progress_written_at = timezone.now() - PROGRESS_EVERY

    @property
    def scratch(self) -> Path:
        """A folder that survives a crash of this run: checkpoints go here."""
        folder = storage.scratch_folder(self.run_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def cache(self) -> Path:
        """A folder shared by all runs of this machine: unpacked pretrained weights go here."""
        folder = Path(settings.SCRATCH_DIR) / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def check(self) -> None:
        """Raise if this run was cancelled or its lease is lost; call between steps."""
        if self._heartbeat is not None and self._heartbeat.lost.is_set():
            raise LeaseLostError(f"run {self.run_id} lost its lease")
        state = Run.objects.filter(pk=self.run_id, fence=self.fence).values_list("status", flat=True).first()
        if state == Run.Status.CANCELLING:
            raise RunCancelledError(f"run {self.run_id} was cancelled")
        if state != Run.Status.RUNNING:
            raise LeaseLostError(f"run {self.run_id} is no longer held under fence {self.fence}")

    def progress(self, step: int, total: int, message: str = "") -> None:
        """Show progress (written at most once a second, and always at the end) and check for cancelling."""
        now = timezone.now()
        if step < total and now - self._progress_written_at < PROGRESS_EVERY:
            return
        self._progress_written_at = now
        self.check()
        with transaction.atomic():
            run = hold(run_id=self.run_id, fence=self.fence)
            run.step, run.total_steps = min(step, total), total
            if message:
                run.message = message
            run.save(update_fields=["step", "total_steps", "message"])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction for a service's writes: none of them stays if this attempt has lost its lease."""
        with transaction.atomic():
            hold(run_id=self.run_id, fence=self.fence)
            yield

    def log(self, message: str, *, level: str = RunEvent.Level.INFO) -> None:
        logger.info("run %s: %s", self.run_id, message)
        self._event(level=level, message=message)

    def metrics(self, step: int, **values: float) -> None:
        """Record one step's metrics, each a float with its unit in its name."""
        self._event(level=RunEvent.Level.METRICS, step=step, data={k: float(v) for k, v in values.items()})

    def sample(self, text: str, **data: Any) -> None:
        """Keep a sample text to read while the run goes on."""
        self._event(level=RunEvent.Level.SAMPLE, message=text.replace("\x00", "\ufffd"), data=data)

    def _event(self, **fields: Any) -> None:
        with transaction.atomic():
            hold(run_id=self.run_id, fence=self.fence)
            RunEvent.objects.create(run_id=self.run_id, fence=self.fence, **fields)

    def input_run(self, role: str) -> Run:
        """The run that was given as ``role``.

        Raises:
            MissingInputError: if none was.
        """
        given = RunInput.objects.select_related("source").filter(run_id=self.run_id, role=role).first()
        if given is None:
            raise MissingInputError(f"run {self.run_id} ({self.name}) needs an input {role!r}")
        return given.source

    def has_input(self, role: str) -> bool:
        return RunInput.objects.filter(run_id=self.run_id, role=role).exists()

    def input_artifact(self, role: str, artifact_role: str) -> Artifact:
        source = self.input_run(role)
        artifact = source.artifacts.filter(role=artifact_role).first()
        if artifact is None:
            raise MissingInputError(f"run {source.pk} ({source.name}) wrote no artifact {artifact_role!r}")
        return artifact

    def artifact_used_by(self, role: str, its_role: str, artifact_role: str) -> Artifact | None:
        """The artifact that the run given as ``role`` was itself given as ``its_role``, if any."""
        given = RunInput.objects.filter(run=self.input_run(role), role=its_role).first()
        return None if given is None else given.source.artifacts.filter(role=artifact_role).first()

    def input_folder(self, role: str, artifact_role: str) -> Path:
        """A local folder with the named artifact of the run given as ``role``."""
        artifact = self.input_artifact(role, artifact_role)
        return storage.open_folder(artifact.sha256, artifact.files)

    def commit_artifact(self, role: str, folder: Path, metadata: dict[str, Any] | None = None) -> Artifact:
        """Store ``folder`` and record it as this run's artifact ``role``, if the fence still holds.

        A resumed run that already committed the role gets that artifact back when the contents agree.
        """
        stored = storage.store_folder(folder)
        with transaction.atomic():
            hold(run_id=self.run_id, fence=self.fence)
            known = Artifact.objects.filter(run_id=self.run_id, role=role).first()
            if known is not None:
                if known.sha256 == stored.sha256:
                    return known
                known.delete()
            return Artifact.objects.create(
                run_id=self.run_id,
                role=role,
                sha256=stored.sha256,
                files=stored.files,
                size_bytes=stored.size_bytes,
                metadata=metadata or {},
            )

    def set_study(self, study_id: int) -> None:
        self._set(study_id=study_id)
        self.study_id = study_id

    def set_catalogue(self, catalogue_id: int) -> None:
        self._set(catalogue_id=catalogue_id)
        self.catalogue_id = catalogue_id

    def _set(self, **fields: Any) -> None:
        with transaction.atomic():
            hold(run_id=self.run_id, fence=self.fence)
            Run.objects.filter(pk=self.run_id).update(**fields)
