"""The web server that ``up`` runs on this machine, as it recorded itself."""

import json

from django.conf import settings


def running_url() -> str | None:
    """Its address, or None if none is recorded."""
    path = settings.VAR_DIR / "run" / "web.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    url = record.get("url") if isinstance(record, dict) else None
    return url if isinstance(url, str) else None
