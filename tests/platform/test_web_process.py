"""A web process and a command's help stay light: no model library is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE_DIR = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "peft", "accelerate", "lenskit")
LOAD_WEB = (
    "from raterapp.wsgi import application; from django.urls import get_resolver; get_resolver().reverse_dict"
)
LOAD_WORKER = "from raterapp.celery import app; app.loader.import_default_modules()"
PRINT_HEAVY = f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"


@pytest.mark.parametrize("load", [LOAD_WEB, LOAD_WORKER], ids=["web", "worker before its first run"])
def test_no_model_library_is_loaded(load: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", f"{load}; {PRINT_HEAVY}"],
        cwd=CODE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "raterapp.settings.test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip().splitlines()[-1:] == ["[]"], result.stderr
