"""The web server that ``up`` runs on this machine, as it recorded itself."""

import json

import psutil
from django.conf import settings


def running_url() -> str | None:
    """Its address, or None if none is recorded or its process is gone."""
    path = settings.VAR_DIR / "run" / "web.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or not psutil.pid_exists(int(record.get("pid") or 0)):
        return None
    url = record.get("url")
    return url if isinstance(url, str) else None
