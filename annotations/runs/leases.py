"""Who may write for a run: a lease in the runs table with a fencing number."""

import threading
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from annotations.models import Run


class LeaseLostError(RuntimeError):
    """Another worker holds this run, or it is no longer running: stop and write nothing more."""


class RunCancelledError(RuntimeError):
    """Somebody asked this run to stop."""


def claim_run(*, run_id: int, worker: str) -> int | None:
    """Take the run's lease and return the new fence, or None if it is not there to be taken.

    A queued run can be taken; so can a running one whose lease has run out (its worker died).
    """
    now = timezone.now()
    takeable = Q(status=Run.Status.QUEUED) | Q(status=Run.Status.RUNNING, lease_expires_at__lt=now)
    taken = Run.objects.filter(takeable, pk=run_id).update(
        status=Run.Status.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        worker=worker,
        lease_expires_at=now + timedelta(seconds=settings.RUN_LEASE_S),
        started_at=now,
        error="",
    )
    if not taken:
        return None
    return Run.objects.values_list("fence", flat=True).get(pk=run_id)


def hold(*, run_id: int, fence: int) -> Run:
    """Lock the run's row for the rest of the transaction and return it, if this fence still holds it.

    Raises:
        LeaseLostError: if it does not.
    """
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    held = (Run.Status.RUNNING, Run.Status.CANCELLING)
    if run is None or run.fence != fence or run.status not in held:
        raise LeaseLostError(f"run {run_id} is no longer held under fence {fence}")
    return run


def renew_lease(*, run_id: int, fence: int) -> None:
    """Push the lease's end away.

    Raises:
        LeaseLostError: if another worker has the run by now.
    """
    renewed = Run.objects.filter(
        pk=run_id, fence=fence, status__in=[Run.Status.RUNNING, Run.Status.CANCELLING]
    ).update(lease_expires_at=timezone.now() + timedelta(seconds=settings.RUN_LEASE_S))
    if not renewed:
        raise LeaseLostError(f"run {run_id} is no longer held under fence {fence}")


class Heartbeat(threading.Thread):
    """Renews a run's lease from a thread of its own, so that a long step does not lose it."""

    def __init__(self, *, run_id: int, fence: int) -> None:
        super().__init__(name=f"heartbeat-{run_id}", daemon=True)
        self.run_id = run_id
        self.fence = fence
        self.lost = threading.Event()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        try:
            while not self._stop_asked.wait(settings.RUN_LEASE_S / 4):
                with transaction.atomic():
                    renew_lease(run_id=self.run_id, fence=self.fence)
        except LeaseLostError:
            self.lost.set()
        finally:
            connection.close()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()
