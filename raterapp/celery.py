"""The Celery application. Two queues: ``light`` for short jobs, ``training`` for model work."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raterapp.settings.development")

app = Celery("raterapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def end_with_worker(**_: Any) -> None:
    """A worker killed outright must not leave pool processes that train on: the run starts elsewhere."""
    from raterapp.embedded.process import die_with_parent

    die_with_parent(signal.SIGKILL)


worker_process_init.connect(end_with_worker)
