"""The Celery application. Two queues: ``light`` for short jobs, ``training`` for model work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raterapp.settings.development")

app = Celery("raterapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
